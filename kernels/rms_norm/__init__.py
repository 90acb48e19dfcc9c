"""RMSNorm: the checked function, its registration and its registry row."""

from typing import Any

import torch
from torch import Tensor

from kernels.checks import accumulator, require, require_floating
from kernels.library import TORCH_PATH_KEYS, define, differentiate
from kernels.rms_norm import cpu, reference
from kernels.row import Floor, Implementation, KernelOp, Shape

FORWARD = "rms_norm(Tensor x, Tensor weight, float eps) -> (Tensor, Tensor)"
BACKWARD = "rms_norm_backward(Tensor grad, Tensor x, Tensor weight, Tensor rstd) -> (Tensor, Tensor)"


def rms_norm(x: Tensor, weight: Tensor, eps: float = 1e-5) -> Tensor:
    """Normalise the last dimension by its root mean square and scale it.

    Shapes: x [..., H], weight [H]; returns [..., H], contiguous.
    Dtypes: float64, float32, bfloat16, float16; x and weight alike.
    Numerics: sums in float32 (float64 for float64), rounded once at the end.
    Source: Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019), equation 4.

    Raises:
        KernelInputError: shapes or dtypes do not fit.
    """
    require_floating("rms_norm", x=x, weight=weight)
    require(x.dim() >= 1, "rms_norm: x needs at least one dimension.")
    require(
        weight.dim() == 1 and weight.shape[0] == x.shape[-1],
        f"rms_norm: weight has shape {tuple(weight.shape)}; the last dimension of x is {x.shape[-1]}.",
    )
    require(eps > 0, f"rms_norm: eps must be above 0, not {eps}.")
    out: Tensor = torch.ops.writ.rms_norm(x, weight, eps)[0]
    return out


def _fake_forward(x: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    rows = 1
    for size in x.shape[:-1]:
        rows = rows * size
    return x.new_empty(x.shape), x.new_empty(rows, dtype=accumulator(x.dtype))


def _fake_backward(grad: Tensor, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape), weight.new_empty(weight.shape)


def _setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, float], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(inputs[0], inputs[1], output[1])
    ctx.mark_non_differentiable(output[1])


def _backward(ctx: Any, grad: Tensor, _grad_rstd: Tensor | None) -> tuple[Tensor, Tensor, None]:
    dx, dweight = torch.ops.writ.rms_norm_backward(grad, *ctx.saved_tensors)
    return dx, dweight, None


def _floor_forward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["H"]
    return Floor(flops=4 * elements, bytes=2 * elements * shape["e"])


def _floor_backward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["H"]
    return Floor(flops=9 * elements, bytes=3 * elements * shape["e"])


define(FORWARD, cpu.forward, _fake_forward)
define(BACKWARD, cpu.backward, _fake_backward)
differentiate("rms_norm", _backward, _setup_context)

ROW = KernelOp(
    name="rms_norm",
    schemas=(FORWARD, BACKWARD),
    function=rms_norm,
    reference=reference.rms_norm,
    implementations=(Implementation("torch-chunked", TORCH_PATH_KEYS, cpu.forward),),
    floors={"forward": _floor_forward, "backward": _floor_backward},
)
