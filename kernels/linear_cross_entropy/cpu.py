"""Projection and loss in row chunks: a chunk's logits turn into its gradients in place, then are gone.

Shapes: hidden [M, H], weight [V, H], target [M]; logits of a chunk [C, V].
"""

import torch
from torch import Tensor

from kernels.checks import accumulator
from kernels.chunks import PRODUCT, row_chunks


def forward(
    hidden: Tensor, weight: Tensor, target: Tensor, ignore_index: int, need_gradients: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean loss and, where needed, the gradients of hidden and weight (else two empty tensors)."""
    wide = accumulator(hidden.dtype)
    weight_vh = weight.to(wide)
    counted = target != ignore_index
    share = counted.to(wide) / counted.sum().clamp(min=1)
    safe_target = torch.where(counted, target, 0)
    loss = torch.zeros((), dtype=wide, device=hidden.device)
    dhidden, dweight = hidden.new_empty(0), weight_vh.new_empty(0)
    if need_gradients:
        dhidden, dweight = hidden.new_empty(hidden.shape), torch.zeros_like(weight_vh)
    for rows in row_chunks(hidden.shape[0], weight.shape[0], PRODUCT):
        hidden_ch, column = hidden[rows].to(wide), safe_target[rows, None]
        logits = hidden_ch @ weight_vh.T
        normaliser = logits.logsumexp(dim=-1, keepdim=True)
        loss += ((normaliser - logits.gather(1, column)).squeeze(1) * share[rows]).sum()
        if need_gradients:
            dlogits = _gradient_in_place(logits, normaliser, column, share[rows, None])
            dhidden[rows] = dlogits @ weight_vh
            dweight.addmm_(dlogits.T, hidden_ch)
    return loss, dhidden, dweight.to(weight.dtype).contiguous()


def _gradient_in_place(logits: Tensor, normaliser: Tensor, column: Tensor, share: Tensor) -> Tensor:
    softmax = logits.sub_(normaliser).exp_()
    softmax.scatter_add_(1, column, torch.full_like(share, -1.0))
    return softmax.mul_(share)
