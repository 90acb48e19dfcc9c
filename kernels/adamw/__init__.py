"""AdamW over many tensors at once, in place: the checked function, its registration and its row."""

from collections.abc import Sequence

import torch
from torch import Tensor

from kernels.adamw import cpu, native, reference
from kernels.adamw.clipping import clip_scale, gradient_norm, scale_to
from kernels.adamw.settings import AdamWSettings
from kernels.adamw.state import AdamWTensors
from kernels.checks import require
from kernels.library import define
from kernels.paths import c_path, torch_path, triton_path
from kernels.row import Floor, KernelOp, Shape

__all__ = ["ROW", "AdamWSettings", "AdamWTensors", "adamw", "clip_scale", "gradient_norm", "scale_to"]

SCHEMA = (
    "adamw(Tensor(a!)[] parameters, Tensor[] gradients, Tensor(b!)[] first_moments,"
    " Tensor(c!)[] second_moments, Tensor(d!)[] copies, Tensor step, Tensor learning_rate, Tensor gradient_scale,"
    " float beta1, float beta2, float eps, float weight_decay) -> ()"
)


def adamw(
    tensors: AdamWTensors, step: Tensor, learning_rate: Tensor, gradient_scale: Tensor, settings: AdamWSettings
) -> None:
    """Move parameters and their moments by one step, in place.

    `step` (from 1), `learning_rate` and `gradient_scale` (the clipping factor) are tensors, so that a
    captured step can be replayed with other values. Where gradient_scale is not finite nothing is touched
    (`clip_scale` makes it so where the gradients' norm is not). Call it where gradients are off.

    Shapes: each parameter, gradient and moment alike; step, learning_rate, gradient_scale scalars.
    Dtypes: floating parameters; gradients and moments of the parameter's dtype or float32; copies any floating.
    Numerics: bias corrections in float64, the moments in their own dtype.
    Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), algorithm 2.

    Raises:
        KernelInputError: the lists or their shapes do not fit.
    """
    _check(tensors)
    for name, scalar in (("step", step), ("learning_rate", learning_rate), ("gradient_scale", gradient_scale)):
        require(scalar.dim() == 0, f"adamw: {name} must be a scalar tensor, not {tuple(scalar.shape)}.")
    torch.ops.writ.adamw(
        list(tensors.parameters), list(tensors.gradients),
        list(tensors.first_moments), list(tensors.second_moments), list(tensors.copies),
        step, learning_rate, gradient_scale,
        settings.beta1, settings.beta2, settings.eps, settings.weight_decay,
    )  # fmt: skip


def _check(tensors: AdamWTensors) -> None:
    lists = (tensors.parameters, tensors.gradients, tensors.first_moments, tensors.second_moments)
    lengths = [len(items) for items in lists]
    require(
        len(set(lengths)) == 1,
        f"adamw: parameters, gradients and moments must be as many as each other; they are {lengths}.",
    )
    require(
        len(tensors.copies) in (0, lengths[0]),
        f"adamw: copies must be none or one for each parameter; they are {len(tensors.copies)}.",
    )
    every = (*lists, tensors.copies) if tensors.copies else lists
    for index, group in enumerate(zip(*every, strict=True)):
        shapes = [tuple(tensor.shape) for tensor in group]
        require(len(set(shapes)) == 1, f"adamw: tensors {index} have different shapes: {shapes}.")
        require(group[0].is_floating_point(), f"adamw: parameter {index} is {group[0].dtype}, not floating.")


def _fake(parameters: Sequence[Tensor], *_rest: object) -> None:
    return None


def _floor(shape: Shape) -> Floor:
    return Floor(flops=14 * shape["P"], bytes=7 * shape["P"] * shape["e"])


TRITON = "kernels.adamw.triton_kernel"
IMPLEMENTATIONS = (
    torch_path(cpu.step_in_place), c_path(native.step_in_place),
    triton_path(TRITON, "step_in_place", cpu.step_in_place),
)  # fmt: skip
define(SCHEMA, IMPLEMENTATIONS, _fake)

ROW = KernelOp(
    name="adamw",
    schemas=(SCHEMA,),
    function=adamw,
    reference=reference.adamw,
    implementations=IMPLEMENTATIONS,
    floors={"forward": _floor},
)
