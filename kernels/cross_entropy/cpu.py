"""Cross-entropy in row chunks of plain torch: a chunk's logits turn into its gradients in place.

Shapes: logits [M, V], target [M], class_weight [V]; of a chunk [C, V].
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.checks import accumulator
from kernels.chunks import row_chunks


@dataclass(frozen=True)
class Numbers:
    """What every row's loss shares; the divisions by the counted rows stay tensors, so that no device waits."""

    share: Tensor
    z_share: Tensor
    class_weight: Tensor | None
    label_smoothing: float
    ignore_index: int


def forward(
    logits: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    z_loss: float,
    need_gradient: bool,
) -> tuple[Tensor, Tensor]:
    """Return the mean loss and, where needed, the gradient of logits (else an empty tensor)."""
    numbers = weigh(target, class_weight, ignore_index, (label_smoothing, z_loss), accumulator(logits.dtype))
    gradient = torch.empty(logits.shape, dtype=logits.dtype, device=logits.device) if need_gradient else None
    loss = _over_chunks(logits, gradient, target, numbers)
    return loss, logits.new_empty(0) if gradient is None else gradient


def in_place(
    logits: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    z_loss: float,
) -> Tensor:
    """Return the mean loss; logits then hold their gradient."""
    numbers = weigh(target, class_weight, ignore_index, (label_smoothing, z_loss), accumulator(logits.dtype))
    return _over_chunks(logits, logits, target, numbers)


def weigh(
    target: Tensor, class_weight: Tensor | None, ignore_index: int, factors: tuple[float, float], wide: torch.dtype
) -> Numbers:
    """Count the rows, and turn (label_smoothing, z_loss) into what multiplies each row's loss."""
    label_smoothing, z_loss = factors
    counted = target != ignore_index
    count = counted.sum().to(wide)
    weight = None if class_weight is None else class_weight.to(wide)
    total = count if weight is None else torch.where(counted, weight[torch.where(counted, target, 0)], 0).sum()
    share = torch.where(total > 0, 1 / total.clamp(min=torch.finfo(wide).tiny), 0)
    return Numbers(share, z_loss / count.clamp(min=1), weight, label_smoothing, ignore_index)


def rows_in_place(logits: Tensor, target: Tensor, numbers: Numbers, need_gradient: bool) -> Tensor:
    """The loss of a chunk of rows, in the accumulator's dtype; where a gradient is needed logits turn into it."""
    weight, smoothing = numbers.class_weight, numbers.label_smoothing
    counted = target != numbers.ignore_index
    column = torch.where(counted, target, 0)[:, None]
    keep = (1 - smoothing) * (counted.to(logits.dtype) if weight is None else weight[column[:, 0]] * counted)
    normaliser = logits.logsumexp(dim=-1)
    z_term = torch.where(counted, normaliser, 0)
    loss = keep * (normaliser - logits.gather(1, column).squeeze(1))
    spread = smoothing / logits.shape[1] if smoothing else 0.0
    if smoothing:
        weights = torch.ones_like(logits[0]) if weight is None else weight
        loss = loss + torch.where(counted, spread * (weights.sum() * normaliser - logits @ weights), 0)
        keep = keep + spread * weights.sum() * counted
    total = (loss * numbers.share + z_term.square() * numbers.z_share).sum()
    if need_gradient:
        scale = keep * numbers.share + 2 * z_term * numbers.z_share
        logits.sub_(normaliser[:, None]).exp_().mul_(scale[:, None])
        hit = keep * numbers.share
        if smoothing:
            logits.sub_(weights * spread * numbers.share).mul_(counted[:, None])
            hit = hit - spread * weights.sum() * counted * numbers.share
        logits.scatter_add_(1, column, -hit[:, None])
    return total


def _over_chunks(logits: Tensor, gradient: Tensor | None, target: Tensor, numbers: Numbers) -> Tensor:
    wide = accumulator(logits.dtype)
    loss = torch.zeros((), dtype=wide, device=logits.device)
    for rows in row_chunks(*logits.shape):
        chunk = logits[rows].to(wide, copy=True)
        loss += rows_in_place(chunk, target[rows], numbers, gradient is not None)
        if gradient is not None:
            gradient[rows] = chunk
    return loss
