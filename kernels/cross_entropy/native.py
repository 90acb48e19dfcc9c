"""Cross-entropy through the C library, or through the chunked torch path where C does not serve."""

import ctypes
from dataclasses import dataclass

import torch
from torch import Tensor

from kernels import native
from kernels.cross_entropy import cpu

# Elements below which a second thread would not have woken in time.
SMALL = 16384


@dataclass(frozen=True)
class Numbers:
    """What every row's loss shares, as numbers: on the CPU nothing waits for a device."""

    share: float
    z_share: float
    class_weight: Tensor | None
    class_weight_sum: float
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
    if not native.serves(logits):
        return cpu.forward(logits, target, class_weight, ignore_index, label_smoothing, z_loss, need_gradient)
    target = target.contiguous()
    numbers = weigh(target, class_weight, ignore_index, (label_smoothing, z_loss), logits.shape[1])
    logits = native.rows_of(logits)
    gradient = torch.empty(logits.shape, dtype=logits.dtype) if need_gradient else None
    loss = rows(logits, gradient, target, numbers).sum()
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
    if not native.serves(logits) or (logits.shape[1] > 1 and logits.stride(1) != 1):
        return cpu.in_place(logits, target, class_weight, ignore_index, label_smoothing, z_loss)
    target = target.contiguous()
    numbers = weigh(target, class_weight, ignore_index, (label_smoothing, z_loss), logits.shape[1])
    loss = rows(logits, logits, target, numbers).sum()
    torch.autograd.graph.increment_version(logits)
    return loss


def weigh(
    target: Tensor, class_weight: Tensor | None, ignore_index: int, factors: tuple[float, float], classes: int
) -> Numbers:
    """Count the rows, and turn (label_smoothing, z_loss) into what multiplies each row's loss.

    Raises:
        IndexError: a target that is not ignored lies outside 0..classes-1.
    """
    weight = None if class_weight is None else class_weight.float().contiguous()
    counted = (ctypes.c_double * 2)()
    bad = native.symbol("cross_entropy_count", torch.float32)(
        target.data_ptr(), _place(weight), ignore_index, target.shape[0], classes, counted
    )
    if bad >= 0:
        raise IndexError(f"target {int(target[bad])} of row {bad} is out of bounds: there are {classes} classes.")
    count, total = counted
    share, whole = 1 / total if total > 0 else 0.0, 0.0 if weight is None else float(weight.double().sum())
    return Numbers(share, factors[1] / max(count, 1.0), weight, whole, factors[0], ignore_index)


def rows(logits: Tensor, gradient: Tensor | None, target: Tensor, numbers: Numbers) -> Tensor:
    """Each row's loss [M], float32, already divided; the gradient goes where asked (logits' own place too)."""
    losses, threads = torch.empty(logits.shape[0]), native.threads() if logits.numel() > SMALL else 1
    aside = gradient is not None and gradient is not logits and logits.dtype == torch.float32
    scratch = torch.empty(threads, logits.shape[1]) if aside else None
    native.symbol("cross_entropy", logits.dtype)(
        logits.data_ptr(), logits.stride(0), _place(gradient), _place(scratch), target.data_ptr(),
        _place(numbers.class_weight), numbers.class_weight_sum, losses.data_ptr(), numbers.ignore_index,
        numbers.label_smoothing, numbers.share, numbers.z_share, *logits.shape, threads,
    )  # fmt: skip
    return losses


def _place(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()
