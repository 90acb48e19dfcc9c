"""RMSNorm as its definition says. Shapes: x [..., H], weight [H]."""

import torch
from torch import Tensor


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Divide each row by its root mean square and scale it by `weight`."""
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + eps) * weight


def add_rms_norm(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return norm(x + residual) and x + residual."""
    summed = x + residual
    return rms_norm(summed, weight, eps), summed
