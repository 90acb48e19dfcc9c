"""RMSNorm on the GPU: a program holds a row in registers; the backward keeps weight's gradient there over many rows.

Shapes: x, residual, out, grad [rows, width]; weight [width]; rstd [rows]; partial [programs, width].
"""
# ruff: noqa: N803 - compile-time arguments are written as Triton writes them
# mypy: disable-error-code="no-untyped-def, untyped-decorator"

from collections.abc import Iterator

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.launching import TRITON_DTYPES, WIDEST_ROW, CompiledForm, row_config, row_widths
from kernels.native import rows_of
from kernels.rms_norm import cpu

# Programs of the backward, each with its own partial sum: a few a multiprocessor, whatever their number.
BACKWARD_PROGRAMS = 264


@triton.jit
def forward_kernel(
    x, residual, weight, out, summed, rstd, x_stride, residual_stride, width, eps,
    ADDS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    columns = tl.arange(0, BLOCK)
    inside = columns < width
    value = tl.load(x + row * x_stride + columns, mask=inside, other=0.0).to(tl.float32)
    if ADDS:
        value += tl.load(residual + row * residual_stride + columns, mask=inside, other=0.0).to(tl.float32)
        rounded = value.to(summed.dtype.element_ty)
        tl.store(summed + row * width + columns, rounded, mask=inside)
        value = rounded.to(tl.float32)
    r = 1.0 / tl.sqrt(tl.sum(value * value, axis=0) / width + eps)
    tl.store(rstd + row, r)
    scale = tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + row * width + columns, (value * r * scale).to(out.dtype.element_ty), mask=inside)


@triton.jit
def backward_kernel(
    grad, x, weight, extra, rstd, dx, partial, grad_stride, x_stride, rows, width,
    ADDS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    first = tl.program_id(0)
    programs = tl.num_programs(0)
    columns = tl.arange(0, BLOCK)
    inside = columns < width
    scale = tl.load(weight + columns, mask=inside, other=0.0).to(tl.float32)
    dweight = tl.zeros([BLOCK], dtype=tl.float32)
    for index in range(first, rows, programs):
        row = tl.cast(index, tl.int64)
        r = tl.load(rstd + row)
        unit = tl.load(x + row * x_stride + columns, mask=inside, other=0.0).to(tl.float32) * r
        pulled = tl.load(grad + row * grad_stride + columns, mask=inside, other=0.0).to(tl.float32)
        dweight += pulled * unit
        pulled = pulled * scale
        mean = tl.sum(pulled * unit, axis=0) / width
        result = (pulled - unit * mean) * r
        if ADDS:
            result += tl.load(extra + row * width + columns, mask=inside, other=0.0).to(tl.float32)
        tl.store(dx + row * width + columns, result.to(dx.dtype.element_ty), mask=inside)
    tl.store(partial + first.to(tl.int64) * width + columns, dweight, mask=inside)


def forward(x: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return the normalised rows and the reciprocal root mean square of each."""
    if not _takes(x):
        return cpu.forward(x, weight, eps)
    out, _summed, rstd = _forward(x, None, weight, eps)
    return out, rstd


def add_forward(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return norm(x + residual), x + residual, and the reciprocal root mean square of each row."""
    if not _takes(x):
        return cpu.add_forward(x, residual, weight, eps)
    return _forward(x, residual, weight, eps)


def backward(grad: Tensor, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of x and of weight."""
    if not _takes(x):
        return cpu.backward(grad, x, weight, rstd)
    return _backward(grad, None, x, weight, rstd)


def add_backward(grad: Tensor, extra: Tensor, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradient of the summed stream, `extra` (its own) included, and that of weight."""
    if not _takes(x):
        return cpu.add_backward(grad, extra, x, weight, rstd)
    return _backward(grad, extra.contiguous(), x, weight, rstd)


def _takes(x: Tensor) -> bool:
    return x.dtype in TRITON_DTYPES and 0 < x.shape[-1] <= WIDEST_ROW


def _forward(x: Tensor, residual: Tensor | None, weight: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    x_mh, weight_h = rows_of(x), weight.contiguous()
    residual_mh = x_mh if residual is None else rows_of(residual)
    (rows, width), config = x_mh.shape, row_config(x_mh.shape[1])
    out = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    summed = out if residual is None else torch.empty_like(out)
    rstd = torch.empty(rows, dtype=torch.float32, device=x.device)
    if rows:
        forward_kernel[(rows,)](
            x_mh, residual_mh, weight_h, out, summed, rstd, x_mh.stride(0), residual_mh.stride(0), width, eps,
            ADDS=residual is not None, BLOCK=config.block, num_warps=config.warps,
        )  # fmt: skip
    return out, summed, rstd


def _backward(grad: Tensor, extra: Tensor | None, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    grad_mh, x_mh, weight_h = rows_of(grad), rows_of(x), weight.contiguous()
    (rows, width), config = x_mh.shape, row_config(x_mh.shape[1])
    programs = min(BACKWARD_PROGRAMS, rows)
    dx = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    partial = torch.empty(programs, width, dtype=torch.float32, device=x.device)
    if rows:
        backward_kernel[(programs,)](
            grad_mh, x_mh, weight_h, dx if extra is None else extra, rstd, dx, partial, grad_mh.stride(0),
            x_mh.stride(0), rows, width, ADDS=extra is not None, BLOCK=config.block, num_warps=config.warps,
        )  # fmt: skip
    return dx, partial.sum(dim=0).to(weight.dtype)


def compiled_forms() -> Iterator[CompiledForm]:
    """Every row of the table, with and without a residual."""
    data = dict.fromkeys(("x", "residual", "weight", "out", "summed"), "*bf16") | {"rstd": "*fp32"}
    sizes = dict.fromkeys(("x_stride", "residual_stride", "width"), "i32") | {"eps": "fp32"}
    pulled = dict.fromkeys(("grad", "x", "weight", "extra"), "*bf16")
    results = {"rstd": "*fp32", "dx": "*bf16", "partial": "*fp32"}
    counts = dict.fromkeys(("grad_stride", "x_stride", "rows", "width"), "i32")
    for width in row_widths():
        config = row_config(width)
        for adds in (False, True):
            constants = {"ADDS": adds, "BLOCK": config.block}
            yield CompiledForm(forward_kernel, data | sizes, constants, config.warps)
            yield CompiledForm(backward_kernel, pulled | results | counts, constants, config.warps)
