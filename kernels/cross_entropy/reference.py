"""Cross-entropy as its definition says. Shapes: logits [M, V], target [M], class_weight [V]."""

import torch
from torch import Tensor

from kernels.cross_entropy.terms import PLAIN, LossTerms


def cross_entropy(logits: Tensor, target: Tensor, ignore_index: int = -100, terms: LossTerms = PLAIN) -> Tensor:
    """Weighted mean over the rows whose target is not `ignore_index`, 0 where there are none; z-loss by their count."""
    counted = target != ignore_index
    label = torch.where(counted, target, 0)
    weight = logits.new_ones(logits.shape[1]) if terms.class_weight is None else terms.class_weight.to(logits.dtype)
    normaliser = logits.logsumexp(dim=-1)
    surprise = normaliser[:, None] - logits
    hit = (surprise * weight).gather(1, label[:, None]).squeeze(1)
    spread = (surprise * weight).mean(dim=-1)
    losses = (1 - terms.label_smoothing) * hit + terms.label_smoothing * spread
    total = torch.where(counted, weight[label], 0).sum()
    mean = torch.where(counted, losses, 0).sum() / torch.where(total > 0, total, 1)
    squares = torch.where(counted, normaliser.square(), 0).sum() / counted.sum().clamp(min=1)
    return mean + terms.z_loss * squares
