"""SwiGLU's gating on the GPU; the backward recomputes. Shapes: gate, up, grad [rows, width]; outputs contiguous."""
# ruff: noqa: N803 - compile-time arguments are written as Triton writes them
# mypy: disable-error-code="no-untyped-def, untyped-decorator"

from collections.abc import Iterator

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.launching import ELEMENTWISE, TRITON_DTYPES, CompiledForm
from kernels.native import rows_of
from kernels.swiglu import cpu


@triton.jit
def forward_kernel(gate, up, out, gate_stride, up_stride, width, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = columns < width
    a = tl.load(gate + row * gate_stride + columns, mask=inside, other=0.0).to(tl.float32)
    u = tl.load(up + row * up_stride + columns, mask=inside, other=0.0).to(tl.float32)
    result = a / (1.0 + tl.exp(-a)) * u
    tl.store(out + row * width + columns, result.to(out.dtype.element_ty), mask=inside)


@triton.jit
def backward_kernel(
    grad, gate, up, dgate, dup, grad_stride, gate_stride, up_stride, width, BLOCK: tl.constexpr
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    columns = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = columns < width
    pulled = tl.load(grad + row * grad_stride + columns, mask=inside, other=0.0).to(tl.float32)
    a = tl.load(gate + row * gate_stride + columns, mask=inside, other=0.0).to(tl.float32)
    u = tl.load(up + row * up_stride + columns, mask=inside, other=0.0).to(tl.float32)
    sigmoid = 1.0 / (1.0 + tl.exp(-a))
    silu = a * sigmoid
    to_gate = pulled * u * (sigmoid + silu * (1.0 - sigmoid))
    tl.store(dgate + row * width + columns, to_gate.to(dgate.dtype.element_ty), mask=inside)
    tl.store(dup + row * width + columns, (pulled * silu).to(dup.dtype.element_ty), mask=inside)


def forward(gate: Tensor, up: Tensor) -> Tensor:
    """Return silu(gate) * up."""
    if gate.dtype not in TRITON_DTYPES:
        return cpu.forward(gate, up)
    gate_mf, up_mf = rows_of(gate), rows_of(up)
    out = torch.empty(gate.shape, dtype=gate.dtype, device=gate.device)
    if out.numel():
        forward_kernel[_grid(gate_mf)](
            gate_mf, up_mf, out, gate_mf.stride(0), up_mf.stride(0), gate_mf.shape[1],
            BLOCK=ELEMENTWISE.block, num_warps=ELEMENTWISE.warps,
        )  # fmt: skip
    return out


def backward(grad: Tensor, gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of gate and up, from the inputs alone."""
    if gate.dtype not in TRITON_DTYPES:
        return cpu.backward(grad, gate, up)
    grad_mf, gate_mf, up_mf = rows_of(grad), rows_of(gate), rows_of(up)
    dgate = torch.empty(gate.shape, dtype=gate.dtype, device=gate.device)
    dup = torch.empty_like(dgate)
    if dgate.numel():
        backward_kernel[_grid(gate_mf)](
            grad_mf, gate_mf, up_mf, dgate, dup, grad_mf.stride(0), gate_mf.stride(0), up_mf.stride(0),
            gate_mf.shape[1], BLOCK=ELEMENTWISE.block, num_warps=ELEMENTWISE.warps,
        )  # fmt: skip
    return dgate, dup


def _grid(rows: Tensor) -> tuple[int, int]:
    return rows.shape[0], triton.cdiv(rows.shape[1], ELEMENTWISE.block)


def compiled_forms() -> Iterator[CompiledForm]:
    """Both directions."""
    block = {"BLOCK": ELEMENTWISE.block}
    into = dict.fromkeys(("gate", "up", "out"), "*bf16")
    yield CompiledForm(
        forward_kernel, into | dict.fromkeys(("gate_stride", "up_stride", "width"), "i32"), block, ELEMENTWISE.warps
    )
    back = dict.fromkeys(("grad", "gate", "up", "dgate", "dup"), "*bf16")
    sizes = dict.fromkeys(("grad_stride", "gate_stride", "up_stride", "width"), "i32")
    yield CompiledForm(backward_kernel, back | sizes, block, ELEMENTWISE.warps)
