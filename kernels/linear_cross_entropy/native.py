"""Projection and loss in row chunks: products by torch, everything between them by the C library."""

from torch import Tensor

from kernels import native
from kernels.cross_entropy import native as rows_by_c
from kernels.linear_cross_entropy import cpu


def forward(
    hidden: Tensor,
    weight: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    z_loss: float,
    need_gradients: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean loss and, where needed, the gradients of hidden and weight (else two empty tensors)."""
    factors = (label_smoothing, z_loss)
    if not native.serves(hidden, weight):
        return cpu.forward(hidden, weight, target, class_weight, ignore_index, *factors, need_gradients)
    target = target.contiguous()
    numbers = rows_by_c.weigh(target, class_weight, ignore_index, factors, weight.shape[0])

    def chunk_loss(logits: Tensor, labels: Tensor) -> Tensor:
        return rows_by_c.rows(logits, logits if need_gradients else None, labels, numbers).sum()

    return cpu.over_chunks(hidden, weight, target, need_gradients, chunk_loss)
