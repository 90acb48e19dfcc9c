"""Projection and loss on the GPU: products by torch's matrix library, everything between them by one Triton kernel.

Shapes: hidden [M, H], weight [V, H], target [M]; logits of a chunk [C, V], in hidden's dtype, turned into their
gradient in place. weight's gradient is summed over the chunks in float32.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from kernels.chunks import row_chunks
from kernels.cross_entropy import triton_kernel as rows_by_triton
from kernels.cross_entropy.cpu import weigh
from kernels.launching import TRITON_DTYPES, CompiledForm
from kernels.linear_cross_entropy import cpu

# A chunk's logits: 256 MiB in bfloat16, rows enough for the products to run at full rate (1024 for 131072 classes).
CHUNK_ELEMENTS = 1 << 27


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
    if hidden.dtype not in TRITON_DTYPES:
        return cpu.forward(hidden, weight, target, class_weight, ignore_index, *factors, need_gradients)
    numbers = weigh(target, class_weight, ignore_index, factors, torch.float32)
    losses = torch.empty(hidden.shape[0], dtype=torch.float32, device=hidden.device)
    dhidden, dweight = hidden.new_empty(0), weight.new_empty(0)
    if need_gradients:
        dhidden = torch.empty(hidden.shape, dtype=hidden.dtype, device=hidden.device)
        dweight = torch.zeros(weight.shape, dtype=torch.float32, device=hidden.device)
    for chunk in row_chunks(hidden.shape[0], weight.shape[0], CHUNK_ELEMENTS):
        logits = hidden[chunk] @ weight.T
        losses[chunk] = rows_by_triton.rows(logits, logits if need_gradients else None, target[chunk], numbers)
        if need_gradients:
            torch.mm(logits, weight, out=dhidden[chunk])
            _add_product(dweight, logits, hidden[chunk])
    return losses.sum(), dhidden, dweight.to(weight.dtype)


def _add_product(dweight: Tensor, logits: Tensor, hidden: Tensor) -> None:
    """dweight += logits.T @ hidden, kept in float32 from the products on."""
    if hidden.dtype == torch.float32:
        dweight.addmm_(logits.T, hidden)
    elif hidden.device.type == "cuda":
        torch.addmm(dweight, logits.T, hidden, out_dtype=torch.float32, out=dweight)
    else:
        dweight.addmm_(logits.T.float(), hidden.float())


def compiled_forms() -> Iterator[CompiledForm]:
    """None of its own: the rows are cross_entropy's."""
    return iter(())
