"""What a cross-entropy may hold besides the plain negative log-likelihood."""

from dataclasses import dataclass

import torch
from torch import Tensor

from kernels.checks import require


@dataclass(frozen=True)
class LossTerms:
    """Label smoothing (share spread over all classes), z-loss (factor of log-sum-exp squared), class weights [V]."""

    label_smoothing: float = 0.0
    z_loss: float = 0.0
    class_weight: Tensor | None = None


PLAIN = LossTerms()


def check_terms(op: str, terms: LossTerms, classes: int) -> None:
    """Refuse terms that have no meaning for so many classes."""
    smoothing = terms.label_smoothing
    require(0.0 <= smoothing < 1.0, f"{op}: label_smoothing must be in [0, 1), not {smoothing}.")
    require(terms.z_loss >= 0.0, f"{op}: z_loss must not be below 0; it is {terms.z_loss}.")
    weight = terms.class_weight
    if weight is not None:
        require(tuple(weight.shape) == (classes,), f"{op}: class_weight {tuple(weight.shape)} must be ({classes},).")
        require(weight.is_floating_point(), f"{op}: class_weight must be floating, not {weight.dtype}.")


def check_target(op: str, target: Tensor, rows: int) -> None:
    """Refuse targets that are not one class for each row."""
    require(
        target.dim() == 1 and target.shape[0] == rows,
        f"{op}: target {tuple(target.shape)} must be [{rows}], one class for each row.",
    )
    require(target.dtype == torch.int64, f"{op}: target must be int64, not {target.dtype}.")


def scaled(gradient: Tensor, by: Tensor) -> Tensor:
    """The gradient made in the forward pass, times the one that came back; itself where that is a CPU's 1."""
    if type(by) is Tensor and by.device.type == "cpu" and float(by) == 1.0:
        return gradient
    return (gradient * by).to(gradient.dtype)
