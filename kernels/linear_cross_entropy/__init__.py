"""Output projection fused with its loss: the checked function, its registration and its registry row."""

from typing import Any

import torch
from torch import Tensor

from kernels.checks import accumulator, require, require_floating
from kernels.library import TORCH_PATH_KEYS, define, differentiate
from kernels.linear_cross_entropy import cpu, reference
from kernels.row import Floor, Implementation, KernelOp, Shape

SCHEMA = (
    "linear_cross_entropy(Tensor hidden, Tensor weight, Tensor target, int ignore_index, bool need_gradients)"
    " -> (Tensor, Tensor, Tensor)"
)


def linear_cross_entropy(hidden: Tensor, weight: Tensor, target: Tensor, ignore_index: int = -100) -> Tensor:
    """Mean cross-entropy of `hidden @ weight.T` against `target`, without ever holding all logits.

    Rows whose target is `ignore_index` count for nothing; where every row is such, the loss is 0 and so
    are its gradients. A target outside 0..V-1 is refused by torch on the CPU.

    Shapes: hidden [M, H], weight [V, H], target [M]; returns a scalar.
    Dtypes: float64, float32, bfloat16, float16 for hidden and weight alike; target int64. The loss is
        float32 (float64 for float64).
    Numerics: logits, log-sum-exp and the sums of the loss and of weight's gradient in float32 (float64 for
        float64); gradients are made in the forward pass, so that the backward only scales them.

    Raises:
        KernelInputError: shapes or dtypes do not fit.
    """
    _check(hidden, weight, target)
    need_gradients = torch.is_grad_enabled() and (hidden.requires_grad or weight.requires_grad)
    loss: Tensor = torch.ops.writ.linear_cross_entropy(hidden, weight, target, ignore_index, need_gradients)[0]
    return loss


def _check(hidden: Tensor, weight: Tensor, target: Tensor) -> None:
    op = "linear_cross_entropy"
    require_floating(op, hidden=hidden, weight=weight)
    require(
        hidden.dim() == 2 and weight.dim() == 2 and hidden.shape[1] == weight.shape[1],
        f"{op}: hidden {tuple(hidden.shape)} and weight {tuple(weight.shape)} must be [M, H] and [V, H].",
    )
    require(
        target.dim() == 1 and target.shape[0] == hidden.shape[0],
        f"{op}: target {tuple(target.shape)} must be [{hidden.shape[0]}], one class for each row of hidden.",
    )
    require(target.dtype == torch.int64, f"{op}: target must be int64, not {target.dtype}.")


def _fake(
    hidden: Tensor, weight: Tensor, target: Tensor, ignore_index: int, need_gradients: bool
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
    return (dhidden * grad).to(dhidden.dtype), (dweight * grad).to(dweight.dtype), None, None, None


def _floor_forward(shape: Shape) -> Floor:
    m, h, v = shape["M"], shape["H"], shape["V"]
    return Floor(flops=6 * m * h * v, bytes=(2 * m * h + 2 * v * h) * shape["e"])


def _floor_backward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["H"] + shape["V"] * shape["H"]
    return Floor(flops=elements, bytes=2 * elements * shape["e"])


define(SCHEMA, cpu.forward, _fake)
differentiate("linear_cross_entropy", _backward, _setup_context)

ROW = KernelOp(
    name="linear_cross_entropy",
    schemas=(SCHEMA,),
    function=linear_cross_entropy,
    reference=reference.linear_cross_entropy,
    implementations=(Implementation("torch-chunked", TORCH_PATH_KEYS, cpu.forward),),
    floors={"forward": _floor_forward, "backward": _floor_backward},
)
