"""Muon over many matrices, in place: the checked function, its registration and its row."""

from collections.abc import Sequence

import torch
from torch import Tensor

from kernels.checks import require
from kernels.library import define
from kernels.muon import cpu, reference
from kernels.muon.settings import MuonSettings, MuonTensors
from kernels.paths import torch_path
from kernels.row import Floor, KernelOp, Shape

__all__ = ["ROW", "MuonSettings", "MuonTensors", "muon"]

SCHEMA = (
    "muon(Tensor(a!)[] parameters, Tensor[] gradients, Tensor(b!)[] momenta, Tensor learning_rate,"
    " Tensor gradient_scale, float momentum, float weight_decay, int rounds) -> ()"
)


def muon(tensors: MuonTensors, learning_rate: Tensor, gradient_scale: Tensor, settings: MuonSettings) -> None:
    """Move matrices by their orthogonalised momentum (Nesterov's), in place.

    The update's root mean square is 0.2, whatever the matrix's shape, so that AdamW's learning rates serve. Where
    gradient_scale is not finite nothing is touched. Embeddings, scales and the output projection are AdamW's.

    Shapes: each parameter, gradient and momentum alike, [rows, columns]; learning_rate, gradient_scale scalars.
    Dtypes: floating; the orthogonalisation runs in bfloat16 on a GPU, in the momentum's dtype elsewhere.
    Source: Jordan et al., "Muon" (2024); the scale is that of Liu et al., "Muon is Scalable" (2025), equation 4.

    Raises:
        KernelInputError: the lists or their shapes do not fit.
    """
    lists = (tensors.parameters, tensors.gradients, tensors.momenta)
    lengths = [len(items) for items in lists]
    require(len(set(lengths)) == 1, f"muon: parameters, gradients and momenta must be as many; they are {lengths}.")
    for index, group in enumerate(zip(*lists, strict=True)):
        shapes = [tuple(tensor.shape) for tensor in group]
        require(len(set(shapes)) == 1, f"muon: tensors {index} have different shapes: {shapes}.")
        require(len(shapes[0]) == 2 and 0 not in shapes[0], f"muon: tensor {index} {shapes[0]} must be a matrix.")
        require(group[0].is_floating_point(), f"muon: parameter {index} is {group[0].dtype}, not floating.")
    torch.ops.writ.muon(
        *(list(items) for items in lists), learning_rate, gradient_scale,
        settings.momentum, settings.weight_decay, settings.rounds,
    )  # fmt: skip


def _fake(parameters: Sequence[Tensor], *_rest: object) -> None:
    return None


def _floor(shape: Shape) -> Floor:
    """Five rounds of three products of the shorter side; the momentum, gradient and parameter once each."""
    short, elements = min(shape["M"], shape["H"]), shape["M"] * shape["H"]
    return Floor(flops=5 * (4 * elements * short + 2 * short**3), bytes=5 * elements * shape["e"])


IMPLEMENTATIONS = (torch_path(cpu.step_in_place),)
define(SCHEMA, IMPLEMENTATIONS, _fake)

ROW = KernelOp(
    name="muon",
    schemas=(SCHEMA,),
    function=muon,
    reference=reference.muon,
    implementations=IMPLEMENTATIONS,
    floors={"forward": _floor},
)
