"""SwiGLU's gating: the checked function, its registration and its registry row."""

from typing import Any

import torch
from torch import Tensor

from kernels.checks import require, require_floating
from kernels.library import define, differentiate
from kernels.paths import c_path, torch_path, triton_path
from kernels.row import Floor, KernelOp, Shape
from kernels.swiglu import cpu, native, reference

FORWARD = "swiglu(Tensor gate, Tensor up) -> Tensor"
BACKWARD = "swiglu_backward(Tensor grad, Tensor gate, Tensor up) -> (Tensor, Tensor)"


def swiglu(gate: Tensor, up: Tensor) -> Tensor:
    """Gate `up` by silu(gate).

    Shapes: gate and up [..., F], alike; returns [..., F], contiguous.
    Dtypes: float64, float32, bfloat16, float16, both alike.
    Numerics: in float32 (float64 for float64), rounded once; the backward keeps the inputs and recomputes.
    Source: Shazeer, "GLU Variants Improve Transformer" (2020), equation 5, without its two projections.

    Raises:
        KernelInputError: shapes or dtypes do not fit.
    """
    require_floating("swiglu", gate=gate, up=up)
    require(gate.dim() >= 1, "swiglu: gate needs at least one dimension.")
    require(
        gate.shape == up.shape,
        f"swiglu: gate {tuple(gate.shape)} and up {tuple(up.shape)} must have one shape.",
    )
    out: Tensor = torch.ops.writ.swiglu(gate, up)
    return out


def _fake_forward(gate: Tensor, up: Tensor) -> Tensor:
    return gate.new_empty(gate.shape)


def _fake_backward(grad: Tensor, gate: Tensor, up: Tensor) -> tuple[Tensor, Tensor]:
    return gate.new_empty(gate.shape), up.new_empty(up.shape)


def _setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
    gradients: tuple[Tensor, Tensor] = torch.ops.writ.swiglu_backward(grad, *ctx.saved_tensors)
    return gradients


def _floor_forward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["F"]
    return Floor(flops=5 * elements, bytes=3 * elements * shape["e"])


def _floor_backward(shape: Shape) -> Floor:
    elements = shape["M"] * shape["F"]
    return Floor(flops=10 * elements, bytes=5 * elements * shape["e"])


TRITON = "kernels.swiglu.triton_kernel"
IMPLEMENTATIONS = (torch_path(cpu.forward), c_path(native.forward), triton_path(TRITON, "forward", cpu.forward))
define(FORWARD, IMPLEMENTATIONS, _fake_forward)
BACKWARDS = (torch_path(cpu.backward), c_path(native.backward), triton_path(TRITON, "backward", cpu.backward))
define(BACKWARD, BACKWARDS, _fake_backward)
differentiate("swiglu", _backward, _setup_context)

ROW = KernelOp(
    name="swiglu",
    schemas=(FORWARD, BACKWARD),
    function=swiglu,
    reference=reference.swiglu,
    implementations=IMPLEMENTATIONS,
    floors={"forward": _floor_forward, "backward": _floor_backward},
)
