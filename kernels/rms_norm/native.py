"""RMSNorm through the C library, or through the chunked torch path where C does not serve."""

import torch
from torch import Tensor

from kernels import native
from kernels.rms_norm import cpu

# Rows summed into one partial of weight's gradient; the cut depends on the rows alone, so threads change no bit.
BLOCK_ROWS, MOST_BLOCKS = 64, 64


def forward(x: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return the normalised rows and the reciprocal root mean square of each."""
    if not native.serves(x, weight):
        return cpu.forward(x, weight, eps)
    x_mh, weight_h = native.rows_of(x), weight.contiguous()
    out, rstd = torch.empty(x.shape, dtype=x.dtype), torch.empty(x_mh.shape[0])
    native.symbol("rms_norm_forward", x.dtype)(
        x_mh.data_ptr(), x_mh.stride(0), None, 0, weight_h.data_ptr(), out.data_ptr(), None, rstd.data_ptr(),
        *x_mh.shape, eps, native.threads(),
    )  # fmt: skip
    return out, rstd


def add_forward(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return norm(x + residual), x + residual, and the reciprocal root mean square of each row."""
    if not native.serves(x, residual, weight):
        return cpu.add_forward(x, residual, weight, eps)
    x_mh, residual_mh, weight_h = native.rows_of(x), native.rows_of(residual), weight.contiguous()
    out, summed = torch.empty(x.shape, dtype=x.dtype), torch.empty(x.shape, dtype=x.dtype)
    rstd = torch.empty(x_mh.shape[0])
    native.symbol("rms_norm_forward", x.dtype)(
        x_mh.data_ptr(), x_mh.stride(0), residual_mh.data_ptr(), residual_mh.stride(0), weight_h.data_ptr(),
        out.data_ptr(), summed.data_ptr(), rstd.data_ptr(), *x_mh.shape, eps, native.threads(),
    )  # fmt: skip
    return out, summed, rstd


def backward(grad: Tensor, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of x and of weight."""
    if not native.serves(x, weight, grad):
        return cpu.backward(grad, x, weight, rstd)
    return _backward(grad, None, x, weight, rstd)


def add_backward(grad: Tensor, extra: Tensor, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradient of the summed stream, `extra` (its own) included, and that of weight."""
    if not native.serves(x, weight, grad, extra):
        return cpu.add_backward(grad, extra, x, weight, rstd)
    return _backward(grad, extra.contiguous(), x, weight, rstd)


def _backward(grad: Tensor, extra: Tensor | None, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    grad_mh, x_mh, weight_h = native.rows_of(grad), native.rows_of(x), weight.contiguous()
    rows, width = x_mh.shape
    blocks = min(MOST_BLOCKS, -(-rows // BLOCK_ROWS))
    partial = torch.zeros(blocks, width)
    dx, dweight = torch.empty(x.shape, dtype=x.dtype), torch.empty(weight.shape, dtype=x.dtype)
    native.symbol("rms_norm_backward", x.dtype)(
        grad_mh.data_ptr(), grad_mh.stride(0), x_mh.data_ptr(), x_mh.stride(0), weight_h.data_ptr(),
        None if extra is None else extra.data_ptr(), rstd.data_ptr(), dx.data_ptr(), dweight.data_ptr(),
        partial.data_ptr(), blocks, rows, width, native.threads(),
    )  # fmt: skip
    return dx, dweight
