"""Projection and loss in row chunks: a chunk's logits turn into its gradients in place, then are gone.

Shapes: hidden [M, H], weight [V, H], target [M]; logits of a chunk [C, V].
"""

from collections.abc import Callable

import torch
from torch import Tensor

from kernels.checks import accumulator
from kernels.chunks import PRODUCT, row_chunks
from kernels.cross_entropy import cpu as rows_by_torch

# Takes a chunk's logits and targets, returns its loss, and leaves the gradient in the logits' place.
ChunkLoss = Callable[[Tensor, Tensor], Tensor]


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
    wide = accumulator(hidden.dtype)
    numbers = rows_by_torch.weigh(target, class_weight, ignore_index, (label_smoothing, z_loss), wide)

    def chunk_loss(logits: Tensor, labels: Tensor) -> Tensor:
        return rows_by_torch.rows_in_place(logits, labels, numbers, need_gradients)

    return over_chunks(hidden, weight, target, need_gradients, chunk_loss)


def over_chunks(
    hidden: Tensor, weight: Tensor, target: Tensor, need_gradients: bool, chunk_loss: ChunkLoss
) -> tuple[Tensor, Tensor, Tensor]:
    """Go over the rows, with one buffer for every chunk's logits and weight's gradient in the accumulator's dtype."""
    wide = accumulator(hidden.dtype)
    weight_vh = weight.to(wide)
    loss = torch.zeros((), dtype=wide, device=hidden.device)
    dhidden, dweight = hidden.new_empty(0), weight_vh.new_empty(0)
    if need_gradients:
        dhidden = torch.empty(hidden.shape, dtype=hidden.dtype, device=hidden.device)
        dweight = torch.zeros(weight.shape, dtype=wide, device=hidden.device)
    chunks = list(row_chunks(hidden.shape[0], weight.shape[0], PRODUCT))
    longest = chunks[0].stop if chunks else 0
    buffer = torch.empty(longest, weight.shape[0], dtype=wide, device=hidden.device)
    for rows in chunks:
        hidden_ch, logits = hidden[rows].to(wide), buffer[: rows.stop - rows.start]
        torch.mm(hidden_ch, weight_vh.T, out=logits)
        loss += chunk_loss(logits, target[rows])
        if need_gradients:
            dhidden[rows] = logits @ weight_vh
            dweight.addmm_(logits.T, hidden_ch)
    return loss, dhidden, dweight.to(weight.dtype)
