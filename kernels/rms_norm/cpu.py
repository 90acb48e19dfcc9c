"""RMSNorm in row chunks of plain torch. Shapes: x, grad [..., H]; weight [H]; rstd [M]; M rows in all."""

import torch
from torch import Tensor

from kernels.checks import accumulator
from kernels.chunks import row_chunks


def forward(x: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return the normalised rows and the reciprocal root mean square of each."""
    wide = accumulator(x.dtype)
    x_mh = x.reshape(-1, x.shape[-1])
    out_mh, rstd_m = x_mh.new_empty(x_mh.shape), x_mh.new_empty(x_mh.shape[0], dtype=wide)
    weight_h = weight.to(wide)
    for rows in row_chunks(*x_mh.shape):
        x_wide = x_mh[rows].to(wide)
        rstd = torch.rsqrt(x_wide.square().mean(dim=-1) + eps)
        rstd_m[rows] = rstd
        out_mh[rows] = x_wide * rstd[:, None] * weight_h
    return out_mh.view(x.shape), rstd_m


def backward(grad: Tensor, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of x and of weight; the latter is summed over rows in the accumulator's dtype."""
    wide = rstd.dtype
    x_mh, grad_mh = x.reshape(-1, x.shape[-1]), grad.reshape(-1, x.shape[-1])
    dx_mh = x_mh.new_empty(x_mh.shape)
    weight_h, dweight_h = weight.to(wide), torch.zeros_like(weight, dtype=wide)
    for rows in row_chunks(*x_mh.shape):
        r = rstd[rows, None]
        unit, g = x_mh[rows].to(wide) * r, grad_mh[rows].to(wide)
        dweight_h += (g * unit).sum(dim=0)
        scaled = g * weight_h
        dx_mh[rows] = (scaled - unit * (scaled * unit).mean(dim=-1, keepdim=True)) * r
    return dx_mh.view(x.shape), dweight_h.to(weight.dtype)


def add_forward(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return norm(x + residual), x + residual (rounded to its dtype first), and the rows' reciprocal scale."""
    summed = x.contiguous() + residual.contiguous()
    out, rstd = forward(summed, weight, eps)
    return out, summed, rstd


def add_backward(grad: Tensor, extra: Tensor, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradient of the summed stream, `extra` (its own) included, and that of weight."""
    dx, dweight = backward(grad, x, weight, rstd)
    return dx.add_(extra), dweight
