"""RMSNorm: the checked function, its registration and its registry row."""

from typing import Any

import torch
from torch import Tensor

from kernels.checks import accumulator, require, require_floating
from kernels.library import define, differentiate
from kernels.paths import c_path, torch_path, triton_path
from kernels.rms_norm import cpu, native, reference
from kernels.row import Floor, KernelOp, Shape

FORWARD = "rms_norm(Tensor x, Tensor weight, float eps) -> (Tensor, Tensor)"
ADD_FORWARD = "add_rms_norm(Tensor x, Tensor residual, Tensor weight, float eps) -> (Tensor, Tensor, Tensor)"
ADD_BACKWARD = (
    "add_rms_norm_backward(Tensor grad, Tensor extra, Tensor summed, Tensor weight, Tensor rstd) -> (Tensor, Tensor)"
)
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
    _check("rms_norm", x, weight, eps)
    out: Tensor = torch.ops.writ.rms_norm(x, weight, eps)[0]
    return out


def add_rms_norm(x: Tensor, residual: Tensor, weight: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Add x to the residual stream and normalise the sum, in one pass over memory.

    Shapes: x and residual [..., H], alike, weight [H]; returns (normalised, x + residual), contiguous.
    Dtypes: float64, float32, bfloat16, float16; all alike.
    Numerics: the sum is rounded to its dtype before it is normalised, so that the backward sees what the forward saw.

    Raises:
        KernelInputError: shapes or dtypes do not fit.
    """
    require_floating("add_rms_norm", x=x, residual=residual, weight=weight)
    _check("add_rms_norm", x, weight, eps)
    require(
        x.shape == residual.shape,
        f"add_rms_norm: x {tuple(x.shape)} and residual {tuple(residual.shape)} must have one shape.",
    )
    out, summed, _rstd = torch.ops.writ.add_rms_norm(x, residual, weight, eps)
    return out, summed


def _check(op: str, x: Tensor, weight: Tensor, eps: float) -> None:
    require(x.dim() >= 1, f"{op}: x needs at least one dimension.")
    require(
        weight.dim() == 1 and weight.shape[0] == x.shape[-1],
        f"{op}: weight has shape {tuple(weight.shape)}; the last dimension of x is {x.shape[-1]}.",
    )
    require(eps > 0, f"{op}: eps must be above 0, not {eps}.")


def _fake_forward(x: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    rows = 1
    for size in x.shape[:-1]:
        rows = rows * size
    return x.new_empty(x.shape), x.new_empty(rows, dtype=accumulator(x.dtype))


def _fake_add_forward(x: Tensor, residual: Tensor, weight: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    out, rstd = _fake_forward(x, weight, eps)
    return out, x.new_empty(x.shape), rstd


def _fake_backward(grad: Tensor, x: Tensor, weight: Tensor, rstd: Tensor) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape), weight.new_empty(weight.shape)


def _fake_add_backward(
    grad: Tensor, extra: Tensor, summed: Tensor, weight: Tensor, rstd: Tensor
) -> tuple[Tensor, Tensor]:
    return summed.new_empty(summed.shape), weight.new_empty(weight.shape)


def _setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, float], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(inputs[0], inputs[1], output[1])
    ctx.mark_non_differentiable(output[1])


def _backward(ctx: Any, grad: Tensor, _grad_rstd: Tensor | None) -> tuple[Tensor, Tensor, None]:
    dx, dweight = torch.ops.writ.rms_norm_backward(grad, *ctx.saved_tensors)
    return dx, dweight, None


def _setup_add_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    ctx.save_for_backward(output[1], inputs[2], output[2])
    ctx.mark_non_differentiable(output[2])


def _add_backward(ctx: Any, grad: Tensor, extra: Tensor, _grad_rstd: Tensor | None) -> tuple[Tensor | None, ...]:
    dsummed, dweight = torch.ops.writ.add_rms_norm_backward(grad, extra, *ctx.saved_tensors)
    return dsummed, dsummed, dweight, None


def _floor_forward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["H"]
    return Floor(flops=4 * elements, bytes=2 * elements * shape["e"])


def _floor_backward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["H"]
    return Floor(flops=9 * elements, bytes=3 * elements * shape["e"])


def _floor_add(shape: Shape) -> Floor:
    elements = shape["M"] * shape["H"]
    return Floor(flops=5 * elements, bytes=4 * elements * shape["e"])


def _floor_add_backward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["H"]
    return Floor(flops=10 * elements, bytes=4 * elements * shape["e"])


TRITON = "kernels.rms_norm.triton_kernel"
PLAIN = (torch_path(cpu.forward), c_path(native.forward), triton_path(TRITON, "forward", cpu.forward))
ADDING = (
    torch_path(cpu.add_forward), c_path(native.add_forward), triton_path(TRITON, "add_forward", cpu.add_forward),
)  # fmt: skip
PLAIN_BACKWARD = (torch_path(cpu.backward), c_path(native.backward), triton_path(TRITON, "backward", cpu.backward))
ADDING_BACKWARD = (
    torch_path(cpu.add_backward), c_path(native.add_backward), triton_path(TRITON, "add_backward", cpu.add_backward),
)  # fmt: skip
define(FORWARD, PLAIN, _fake_forward)
define(BACKWARD, PLAIN_BACKWARD, _fake_backward)
define(ADD_FORWARD, ADDING, _fake_add_forward)
define(ADD_BACKWARD, ADDING_BACKWARD, _fake_add_backward)
differentiate("rms_norm", _backward, _setup_context)
differentiate("add_rms_norm", _add_backward, _setup_add_context)

ROW = KernelOp(
    name="rms_norm",
    schemas=(FORWARD, BACKWARD),
    function=rms_norm,
    reference=reference.rms_norm,
    implementations=PLAIN,
    floors={"forward": _floor_forward, "backward": _floor_backward},
)
ADD_ROW = KernelOp(
    name="add_rms_norm",
    schemas=(ADD_FORWARD, ADD_BACKWARD),
    function=add_rms_norm,
    reference=reference.add_rms_norm,
    implementations=ADDING,
    floors={"forward": _floor_add, "backward": _floor_add_backward},
)
