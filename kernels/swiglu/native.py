"""SwiGLU's gating through the C library, or through the chunked torch path where C does not serve."""

import torch
from torch import Tensor

from kernels import native
from kernels.swiglu import cpu


def forward(gate: Tensor, up: Tensor) -> Tensor:
    """Return silu(gate) * up."""
    if not native.serves(gate, up):
        return cpu.forward(gate, up)
    gate_mf, up_mf = native.rows_of(gate), native.rows_of(up)
    out = torch.empty(gate.shape, dtype=gate.dtype)
    native.symbol("swiglu_forward", gate.dtype)(
        gate_mf.data_ptr(), gate_mf.stride(0), up_mf.data_ptr(), up_mf.stride(0), out.data_ptr(),
        *gate_mf.shape, native.threads(),
    )  # fmt: skip
    return out


def backward(grad: Tensor, gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of gate and up, from the inputs alone."""
    if not native.serves(gate, up, grad):
        return cpu.backward(grad, gate, up)
    grad_mf, gate_mf, up_mf = native.rows_of(grad), native.rows_of(gate), native.rows_of(up)
    dgate, dup = torch.empty(gate.shape, dtype=gate.dtype), torch.empty(up.shape, dtype=up.dtype)
    native.symbol("swiglu_backward", gate.dtype)(
        grad_mf.data_ptr(), grad_mf.stride(0), gate_mf.data_ptr(), gate_mf.stride(0),
        up_mf.data_ptr(), up_mf.stride(0), dgate.data_ptr(), dup.data_ptr(), *gate_mf.shape, native.threads(),
    )  # fmt: skip
    return dgate, dup
