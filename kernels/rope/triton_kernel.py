"""Rotary positions on the GPU: one launch turns queries and keys; a program handles a position's heads.

Shapes: q [B, S, Hq, D], k [B, S, Hk, D], each with its own strides and a last stride of 1; cos, sin [S, D/2].
"""
# ruff: noqa: N803 - compile-time arguments are written as Triton writes them
# mypy: disable-error-code="no-untyped-def, untyped-decorator"

from collections.abc import Iterator

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.launching import TRITON_DTYPES, CompiledForm
from kernels.rope import cpu

WARPS = 4


@triton.jit
def _rotate(
    x, out, angles, sines, x_head_stride, heads, half, HEADS: tl.constexpr, HALF: tl.constexpr
):  # fmt: skip
    head = tl.arange(0, HEADS)[:, None]
    column = tl.arange(0, HALF)[None, :]
    inside = (head < heads) & (column < half)
    first = tl.load(x + head * x_head_stride + column, mask=inside, other=0.0).to(tl.float32)
    second = tl.load(x + head * x_head_stride + half + column, mask=inside, other=0.0).to(tl.float32)
    to = out + head * (2 * half) + column
    tl.store(to, (first * angles - second * sines).to(out.dtype.element_ty), mask=inside)
    tl.store(to + half, (second * angles + first * sines).to(out.dtype.element_ty), mask=inside)


@triton.jit
def rotate_kernel(
    q, k, cos, sin, q_out, k_out, q_batch_stride, q_length_stride, q_head_stride, k_batch_stride, k_length_stride,
    k_head_stride, length, q_heads, k_heads, half, sign,
    Q_HEADS: tl.constexpr, K_HEADS: tl.constexpr, HALF: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    batch = row // length
    position = row % length
    column = tl.arange(0, HALF)[None, :]
    inside = column < half
    angles = tl.load(cos + position * half + column, mask=inside, other=0.0).to(tl.float32)
    sines = tl.load(sin + position * half + column, mask=inside, other=0.0).to(tl.float32) * sign
    q_row = q + batch * q_batch_stride + position * q_length_stride
    k_row = k + batch * k_batch_stride + position * k_length_stride
    _rotate(q_row, q_out + row * q_heads * 2 * half, angles, sines, q_head_stride, q_heads, half, Q_HEADS, HALF)
    _rotate(k_row, k_out + row * k_heads * 2 * half, angles, sines, k_head_stride, k_heads, half, K_HEADS, HALF)


def rotate(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
    """Rotate q and k forwards, or backwards where `inverse`."""
    if q.dtype not in TRITON_DTYPES:
        return cpu.rotate(q, k, cos, sin, inverse)
    q, k = (x if x.stride(3) == 1 else x.contiguous() for x in (q, k))
    q_out, k_out = (torch.empty(x.shape, dtype=x.dtype, device=x.device) for x in (q, k))
    batch, length, heads, width = q.shape
    if batch * length and width and heads and k.shape[2]:
        rotate_kernel[(batch * length,)](
            q, k, cos.contiguous(), sin.contiguous(), q_out, k_out, *q.stride()[:3], *k.stride()[:3],
            length, heads, k.shape[2], width // 2, -1.0 if inverse else 1.0,
            Q_HEADS=triton.next_power_of_2(heads), K_HEADS=triton.next_power_of_2(k.shape[2]),
            HALF=triton.next_power_of_2(width // 2), num_warps=WARPS,
        )  # fmt: skip
    elif q.numel() or k.numel():
        return cpu.rotate(q, k, cos, sin, inverse)
    return q_out, k_out


def compiled_forms() -> Iterator[CompiledForm]:
    """Heads of 128, 32 over 8; and heads of 64, 12 over 12."""
    data = {"q": "*bf16", "k": "*bf16", "cos": "*fp32", "sin": "*fp32", "q_out": "*bf16", "k_out": "*bf16"}
    strides = (f"{x}_{of}_stride" for x in ("q", "k") for of in ("batch", "length", "head"))
    sizes = dict.fromkeys((*strides, "length", "q_heads", "k_heads", "half"), "i32") | {"sign": "fp32"}
    for q_heads, k_heads, half in ((32, 8, 64), (16, 16, 32)):
        yield CompiledForm(
            rotate_kernel, data | sizes, {"Q_HEADS": q_heads, "K_HEADS": k_heads, "HALF": half}, WARPS
        )
