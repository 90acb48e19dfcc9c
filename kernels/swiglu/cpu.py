"""SwiGLU's gating in row chunks of plain torch; the backward recomputes. Shapes: gate, up, grad [..., F]."""

import torch
from torch import Tensor

from kernels.checks import accumulator
from kernels.chunks import row_chunks


def forward(gate: Tensor, up: Tensor) -> Tensor:
    """Return silu(gate) * up."""
    wide, width = accumulator(gate.dtype), gate.shape[-1]
    gate_mf, up_mf = gate.reshape(-1, width), up.reshape(-1, width)
    out_mf = gate_mf.new_empty(gate_mf.shape)
    for rows in row_chunks(*gate_mf.shape):
        out_mf[rows] = torch.nn.functional.silu(gate_mf[rows].to(wide)) * up_mf[rows].to(wide)
    return out_mf.view(gate.shape)


def backward(grad: Tensor, gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of gate and up, from the inputs alone."""
    wide, width = accumulator(gate.dtype), gate.shape[-1]
    grad_mf, gate_mf, up_mf = (tensor.reshape(-1, width) for tensor in (grad, gate, up))
    dgate_mf, dup_mf = gate_mf.new_empty(gate_mf.shape), up_mf.new_empty(up_mf.shape)
    for rows in row_chunks(*gate_mf.shape):
        g, a, u = grad_mf[rows].to(wide), gate_mf[rows].to(wide), up_mf[rows].to(wide)
        sigmoid = torch.sigmoid(a)
        silu = a * sigmoid
        dgate_mf[rows] = g * u * (sigmoid + silu * (1 - sigmoid))
        dup_mf[rows] = g * silu
    return dgate_mf.view(gate.shape), dup_mf.view(up.shape)
