"""The output projection and its loss, with every logit in memory. Shapes: hidden [M, H], weight [V, H], target [M]."""

import torch
from torch import Tensor


def linear_cross_entropy(hidden: Tensor, weight: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    """Mean negative log-likelihood over the rows whose target is not `ignore_index`; 0 where there are none."""
    logits = hidden @ weight.T
    total = torch.nn.functional.cross_entropy(logits, target, ignore_index=ignore_index, reduction="sum")
    return total / (target != ignore_index).sum().clamp(min=1)
