"""Rotary positions for queries and keys in one call: the checked function, its registration, its row."""

from typing import Any

import torch
from torch import Tensor

from kernels.checks import require, require_floating
from kernels.library import define, differentiate
from kernels.paths import c_path, torch_path, triton_path
from kernels.rope import cpu, native, reference
from kernels.row import Floor, KernelOp, Shape

SCHEMA = "rope(Tensor q, Tensor k, Tensor cos, Tensor sin, bool inverse) -> (Tensor, Tensor)"


def rope(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
    """Rotate queries and keys by the angles of their positions.

    Shapes: q [B, S, Hq, D], k [B, S, Hk, D], D even; cos and sin [S, D/2]; returns (q, k), contiguous.
    Dtypes: float64, float32, bfloat16, float16, all alike for q and k; cos and sin float32 or the same.
    Numerics: products in float32 (float64 for float64), rounded once; cos and sin get no gradient.
    Source: Su et al., "RoFormer" (2021), equation 34, pairs taken as (i, i + D/2).

    Raises:
        KernelInputError: shapes or dtypes do not fit.
    """
    _check(q, k, cos, sin)
    rotated: tuple[Tensor, Tensor] = torch.ops.writ.rope(q, k, cos, sin, False)
    return rotated


def rope_tables(length: int, head_dim: int, base: float = 10_000.0) -> tuple[Tensor, Tensor]:
    """Cosines and sines of every position: two float32 tensors [length, head_dim / 2]."""
    exponents = torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim
    angles = torch.arange(length, dtype=torch.float64)[:, None] / base**exponents
    return angles.cos().float(), angles.sin().float()


def _check(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor) -> None:
    require_floating("rope", q=q, k=k)
    require_floating("rope", cos=cos, sin=sin)
    require(q.dim() == 4 and k.dim() == 4, "rope: q and k must be [batch, sequence, heads, head_dim].")
    require(
        (q.shape[0], q.shape[1], q.shape[3]) == (k.shape[0], k.shape[1], k.shape[3]),
        f"rope: q {tuple(q.shape)} and k {tuple(k.shape)} may differ in their heads alone.",
    )
    require(q.shape[3] % 2 == 0, f"rope: head_dim must be even, not {q.shape[3]}.")
    expected = (q.shape[1], q.shape[3] // 2)
    require(
        tuple(cos.shape) == expected and tuple(sin.shape) == expected,
        f"rope: cos {tuple(cos.shape)} and sin {tuple(sin.shape)} must be {expected}.",
    )


def _fake(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
    return q.new_empty(q.shape), k.new_empty(k.shape)


def _setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor, Tensor, bool], output: Any) -> None:
    ctx.save_for_backward(inputs[2], inputs[3])
    ctx.inverse = inputs[4]


def _backward(ctx: Any, grad_q: Tensor, grad_k: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
    dq, dk = torch.ops.writ.rope(grad_q, grad_k, *ctx.saved_tensors, not ctx.inverse)
    return dq, dk, None, None, None


def _floor(shape: Shape) -> Floor:
    elements = shape["M"] * (shape["Hq"] + shape["Hk"]) * shape["D"]
    return Floor(flops=3 * elements, bytes=2 * elements * shape["e"])


TRITON = "kernels.rope.triton_kernel"
IMPLEMENTATIONS = (torch_path(cpu.rotate), c_path(native.rotate), triton_path(TRITON, "rotate", cpu.rotate))
define(SCHEMA, IMPLEMENTATIONS, _fake)
differentiate("rope", _backward, _setup_context)

ROW = KernelOp(
    name="rope",
    schemas=(SCHEMA,),
    function=rope,
    reference=reference.rope,
    implementations=IMPLEMENTATIONS,
    floors={"forward": _floor, "backward": _floor},
)
