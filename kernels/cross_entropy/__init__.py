"""Cross-entropy with its gradient made in the same pass: the checked functions, their registration and their row."""

from typing import Any

import torch
from torch import Tensor

from kernels.checks import accumulator, require, require_floating
from kernels.cross_entropy import cpu, native, reference
from kernels.cross_entropy.terms import PLAIN, LossTerms, check_target, check_terms, scaled
from kernels.library import define, differentiate
from kernels.paths import c_path, torch_path, triton_path
from kernels.row import Floor, KernelOp, Shape

__all__ = ["ROW", "LossTerms", "cross_entropy", "cross_entropy_"]

SCHEMA = (
    "cross_entropy(Tensor logits, Tensor target, Tensor? class_weight, int ignore_index, float label_smoothing,"
    " float z_loss, bool need_gradient) -> (Tensor, Tensor)"
)
IN_PLACE = (
    "cross_entropy_(Tensor(a!) logits, Tensor target, Tensor? class_weight, int ignore_index, float label_smoothing,"
    " float z_loss) -> Tensor"
)


def cross_entropy(logits: Tensor, target: Tensor, ignore_index: int = -100, terms: LossTerms = PLAIN) -> Tensor:
    """Mean cross-entropy of logits against targets; its gradient is made in the forward pass.

    Rows whose target is `ignore_index` count for nothing; where every row is such, the loss is 0. With class
    weights the mean is by the targets' weights (as torch's), and the z-loss by the count of rows.

    Shapes: logits [M, V], target [M]; returns a scalar.
    Dtypes: float64, float32, bfloat16, float16; target int64. The loss is float32 (float64 for float64).
    Numerics: log-sum-exp and sums in float32 (float64 for float64); the gradient is rounded once.

    Raises:
        KernelInputError: shapes, dtypes or terms do not fit.
        IndexError: a target is outside 0..V-1 (on the CPU; elsewhere the device refuses it).
    """
    _check("cross_entropy", logits, target, terms)
    need_gradient = torch.is_grad_enabled() and logits.requires_grad
    loss: Tensor = torch.ops.writ.cross_entropy(
        logits, target, terms.class_weight, ignore_index, terms.label_smoothing, terms.z_loss, need_gradient
    )[0]
    return loss


def cross_entropy_(logits: Tensor, target: Tensor, ignore_index: int = -100, terms: LossTerms = PLAIN) -> Tensor:
    """`cross_entropy` that overwrites logits with their gradient: no second tensor of their size, ever.

    Logits must be another operation's result (not a leaf), and nobody may read them afterwards: autograd refuses
    the backward of an operation that had kept them. Not for use inside torch.compile; there `cross_entropy` serves.

    Raises:
        KernelInputError: as `cross_entropy`; or logits are a leaf that requires a gradient.
    """
    _check("cross_entropy_", logits, target, terms)
    if not (torch.is_grad_enabled() and logits.requires_grad):
        return cross_entropy(logits, target, ignore_index, terms)
    require(not logits.is_leaf, "cross_entropy_: logits are a leaf; their values would be lost. Use cross_entropy.")
    loss: Tensor = _InPlace.apply(logits, target, ignore_index, terms)  # type: ignore[no-untyped-call]
    return loss


class _InPlace(torch.autograd.Function):
    """The logits' storage becomes the gradient; the version counter tells whoever had kept them."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, target: Tensor, ignore_index: int, terms: LossTerms) -> Tensor:
        gradient = logits.detach()
        loss: Tensor = torch.ops.writ.cross_entropy_(
            gradient, target, terms.class_weight, ignore_index, terms.label_smoothing, terms.z_loss
        )
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return scaled(ctx.saved_tensors[0], grad), None, None, None


def _check(op: str, logits: Tensor, target: Tensor, terms: LossTerms) -> None:
    require_floating(op, logits=logits)
    require(
        logits.dim() == 2 and logits.shape[1] > 0,
        f"{op}: logits {tuple(logits.shape)} must be [M, V] with at least one class.",
    )
    check_target(op, target, logits.shape[0])
    check_terms(op, terms, logits.shape[1])


def _fake(
    logits: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    z_loss: float,
    need_gradient: bool,
) -> tuple[Tensor, Tensor]:
    loss = logits.new_empty((), dtype=accumulator(logits.dtype))
    return loss, logits.new_empty(logits.shape if need_gradient else 0)


def _fake_in_place(logits: Tensor, *_rest: object) -> Tensor:
    return logits.new_empty((), dtype=accumulator(logits.dtype))


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(output[1])
    ctx.mark_non_differentiable(output[1])


def _backward(ctx: Any, grad: Tensor, _unused: Tensor | None) -> tuple[Tensor | None, ...]:
    return scaled(ctx.saved_tensors[0], grad), None, None, None, None, None, None


def _floor_forward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["V"]
    return Floor(flops=6 * elements, bytes=2 * elements * shape["e"])


def _floor_backward(shape: Shape) -> Floor:
    return Floor(flops=shape["M"], bytes=shape["M"] * shape["e"])


TRITON = "kernels.cross_entropy.triton_kernel"
IMPLEMENTATIONS = (torch_path(cpu.forward), c_path(native.forward), triton_path(TRITON, "forward", cpu.forward))
define(SCHEMA, IMPLEMENTATIONS, _fake)
define(
    IN_PLACE,
    (torch_path(cpu.in_place), c_path(native.in_place), triton_path(TRITON, "in_place", cpu.in_place)),
    _fake_in_place,
)
differentiate("cross_entropy", _backward, _setup_context)

ROW = KernelOp(
    name="cross_entropy",
    schemas=(SCHEMA, IN_PLACE),
    function=cross_entropy,
    reference=reference.cross_entropy,
    implementations=IMPLEMENTATIONS,
    floors={"forward": _floor_forward, "backward": _floor_backward},
)
