"""RMSNorm as its definition says. Shapes: x [..., H], weight [H]."""

import torch
from torch import Tensor


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Divide each row by its root mean square and scale it by `weight`."""
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + eps) * weight
