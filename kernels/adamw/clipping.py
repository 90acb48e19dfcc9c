"""The factor that clips all gradients to a norm, and leaves a step out where they are not finite."""

from collections.abc import Sequence

import torch
from torch import Tensor

from kernels.adamw import cpu, native
from kernels.library import define
from kernels.paths import c_path, torch_path

SCHEMA = "gradient_norm(Tensor[] gradients) -> Tensor"


def clip_scale(gradients: Sequence[Tensor], max_norm: float) -> tuple[Tensor, Tensor]:
    """Return (scale, norm) for `adamw`: scale clips to `max_norm`, and is NaN where the norm is not finite.

    A NaN scale makes `adamw` leave everything as it is, decided on the device: no host has to look.
    """
    norm: Tensor = torch.ops.writ.gradient_norm(list(gradients))
    scale = (max_norm / (norm + 1e-6)).clamp(max=1.0)
    return torch.where(torch.isfinite(norm), scale, torch.nan), norm


def _fake(gradients: Sequence[Tensor]) -> Tensor:
    if not gradients:
        return torch.empty(())
    return gradients[0].new_empty((), dtype=torch.promote_types(gradients[0].dtype, torch.float32))


define(SCHEMA, (torch_path(cpu.gradient_norm), c_path(native.gradient_norm)), _fake)
