"""Output projection fused with its loss: the checked function, its registration and its registry row."""

from typing import Any

import torch
from torch import Tensor

from kernels.checks import accumulator, require, require_floating
from kernels.cross_entropy.terms import PLAIN, LossTerms, check_target, check_terms, scaled
from kernels.library import define, differentiate
from kernels.linear_cross_entropy import cpu, native, reference
from kernels.paths import c_path, torch_path, triton_path
from kernels.row import Floor, KernelOp, Shape

__all__ = ["ROW", "LossTerms", "linear_cross_entropy"]

SCHEMA = (
    "linear_cross_entropy(Tensor hidden, Tensor weight, Tensor target, Tensor? class_weight, int ignore_index,"
    " float label_smoothing, float z_loss, bool need_gradients) -> (Tensor, Tensor, Tensor)"
)


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, target: Tensor, ignore_index: int = -100, terms: LossTerms = PLAIN
) -> Tensor:
    """Mean cross-entropy of `hidden @ weight.T` against `target`, without ever holding all logits.

    Rows whose target is `ignore_index` count for nothing; where every row is such, the loss is 0 and so
    are its gradients. With class weights the mean is by the targets' weights, the z-loss by the count of rows.

    Shapes: hidden [M, H], weight [V, H], target [M]; returns a scalar.
    Dtypes: float64, float32, bfloat16, float16 for hidden and weight alike; target int64. The loss is
        float32 (float64 for float64).
    Numerics: logits, log-sum-exp and the sums of the loss and of weight's gradient in float32 (float64 for
        float64); gradients are made in the forward pass, so that the backward only scales them.

    Raises:
        KernelInputError: shapes, dtypes or terms do not fit.
        IndexError: a target is outside 0..V-1 (on the CPU; elsewhere the device refuses it).
    """
    _check(hidden, weight, target, terms)
    need_gradients = torch.is_grad_enabled() and (hidden.requires_grad or weight.requires_grad)
    loss: Tensor = torch.ops.writ.linear_cross_entropy(
        hidden, weight, target, terms.class_weight, ignore_index, terms.label_smoothing, terms.z_loss, need_gradients
    )[0]
    return loss


def _check(hidden: Tensor, weight: Tensor, target: Tensor, terms: LossTerms) -> None:
    op = "linear_cross_entropy"
    require_floating(op, hidden=hidden, weight=weight)
    require(
        hidden.dim() == 2 and weight.dim() == 2 and hidden.shape[1] == weight.shape[1] and weight.shape[0] > 0,
        f"{op}: hidden {tuple(hidden.shape)} and weight {tuple(weight.shape)} must be [M, H] and [V, H].",
    )
    check_target(op, target, hidden.shape[0])
    check_terms(op, terms, weight.shape[0])


def _fake(
    hidden: Tensor,
    weight: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    z_loss: float,
    need_gradients: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    loss = hidden.new_empty((), dtype=accumulator(hidden.dtype))
    if not need_gradients:
        return loss, hidden.new_empty(0), weight.new_empty(0)
    return loss, hidden.new_empty(hidden.shape), weight.new_empty(weight.shape)


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.save_for_backward(output[1], output[2])
    ctx.mark_non_differentiable(output[1], output[2])


def _backward(ctx: Any, grad: Tensor, *_unused: Tensor | None) -> tuple[Tensor | None, ...]:
    dhidden, dweight = ctx.saved_tensors
    return scaled(dhidden, grad), scaled(dweight, grad), None, None, None, None, None, None


def _floor_forward(shape: Shape) -> Floor:
    m, h, v = shape["M"], shape["H"], shape["V"]
    return Floor(flops=6 * m * h * v, bytes=(2 * m * h + 2 * v * h) * shape["e"])


def _floor_backward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["H"] + shape["V"] * shape["H"]
    return Floor(flops=elements, bytes=2 * elements * shape["e"])


TRITON = "kernels.linear_cross_entropy.triton_kernel"
IMPLEMENTATIONS = (torch_path(cpu.forward), c_path(native.forward), triton_path(TRITON, "forward", cpu.forward))
define(SCHEMA, IMPLEMENTATIONS, _fake)
differentiate("linear_cross_entropy", _backward, _setup_context)

ROW = KernelOp(
    name="linear_cross_entropy",
    schemas=(SCHEMA,),
    function=linear_cross_entropy,
    reference=reference.linear_cross_entropy,
    implementations=IMPLEMENTATIONS,
    floors={"forward": _floor_forward, "backward": _floor_backward},
)
