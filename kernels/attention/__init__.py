"""Attention through torch's own kernels, behind one checked function that sets which of them goes first.

Shapes: B sequences of S positions, Hq query heads over Hk key heads, D wide.
"""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from kernels.attention import reference
from kernels.checks import require, require_floating
from kernels.row import Floor, Implementation, KernelOp, Shape, Tolerance

__all__ = ["ROW", "attention", "documents_from_starts", "fastest_first"]

# torch's default on Hopper is FlashAttention 2, at about half of what cuDNN does there.
PRIORITY = (
    SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH,
)  # fmt: skip


def attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = True, documents: Tensor | None = None) -> Tensor:
    """Mix values by the softmax of q · k / sqrt(D); a group of Hq / Hk query heads shares a key head.

    With `documents`, a position sees those of its own document alone: a batch may be packed from many
    (`documents_from_starts` makes the numbers out of where each begins).

    Shapes: q [B, S, Hq, D], k and v [B, S, Hk, D], documents [B, S] of any integers; returns [B, S, Hq, D].
    Dtypes: float64, float32, bfloat16, float16; all alike.
    Numerics: torch's own; softmax in float32 (float64 for float64).

    Raises:
        KernelInputError: shapes or dtypes do not fit.
    """
    _check(q, k, v, documents)
    mask = None if documents is None else _mask(documents, causal)
    with fastest_first(q.device.type):
        mixed = scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=mask,
            is_causal=causal and mask is None, enable_gqa=q.shape[2] != k.shape[2],
        )  # fmt: skip
    return mixed.transpose(1, 2)


def documents_from_starts(starts: Tensor, length: int) -> Tensor:
    """The document number of each of `length` packed positions, [1, length].

    Args:
        starts: where each document begins, ascending, the first at 0.
        length: positions in all.
    """
    return (torch.searchsorted(starts, torch.arange(length, device=starts.device), right=True) - 1)[None, :]


def _mask(documents: Tensor, causal: bool) -> Tensor:
    """Who sees whom: [B, 1, S, S]."""
    same = documents[:, None, :, None] == documents[:, None, None, :]
    return same.tril() if causal else same


def _check(q: Tensor, k: Tensor, v: Tensor, documents: Tensor | None) -> None:
    require_floating("attention", q=q, k=k, v=v)
    require(q.dim() == 4 and k.dim() == 4, "attention: q, k and v must be [batch, sequence, heads, head_dim].")
    require(k.shape == v.shape, f"attention: k {tuple(k.shape)} and v {tuple(v.shape)} must have one shape.")
    require(
        (q.shape[0], q.shape[1], q.shape[3]) == (k.shape[0], k.shape[1], k.shape[3]),
        f"attention: q {tuple(q.shape)} and k {tuple(k.shape)} may differ in their heads alone.",
    )
    require(
        k.shape[2] > 0 and q.shape[2] % k.shape[2] == 0,
        f"attention: {q.shape[2]} query heads cannot share {k.shape[2]} key heads evenly.",
    )
    if documents is not None:
        require(
            documents.shape == q.shape[:2] and not documents.is_floating_point(),
            f"attention: documents {tuple(documents.shape)} must be integers, {tuple(q.shape[:2])}.",
        )


@contextlib.contextmanager
def fastest_first(device_type: str) -> Iterator[None]:
    """On a GPU torch's kernels in the order of `PRIORITY`; elsewhere torch has but one choice to make.

    `attention` does this by itself, but for code under torch.compile, around whose call it has to stand.
    """
    if device_type != "cuda" or torch.compiler.is_compiling():
        yield
        return
    with sdpa_kernel(list(PRIORITY), set_priority=True):
        yield


def _floor_forward(shape: Shape) -> Floor:
    flops = 4 * shape["M"] * shape["S"] * shape["Hq"] * shape["D"] // 2
    moved = 2 * shape["M"] * (shape["Hq"] + shape["Hk"]) * shape["D"]
    return Floor(flops=flops, bytes=moved * shape["e"])


def _floor_backward(shape: Shape) -> Floor:
    forward = _floor_forward(shape)
    return Floor(flops=forward.flops * 5 // 2, bytes=forward.bytes * 2)


ROW = KernelOp(
    name="attention",
    schemas=(),
    function=attention,
    reference=reference.attention,
    implementations=(Implementation("torch-sdpa", ("CPU", "CUDA"), attention),),
    floors={"forward": _floor_forward, "backward": _floor_backward},
    # torch's kernels round the softmax to bfloat16 before it meets the values, which the reference does elsewhere.
    tolerance=Tolerance({torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2e-2}, over_eager=2.0),
)
