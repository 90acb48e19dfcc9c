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
    norm = gradient_norm(gradients)
    return scale_to(norm, max_norm), norm


def gradient_norm(gradients: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm over all gradients together, a scalar in float32 or wider."""
    norm: Tensor = torch.ops.writ.gradient_norm(list(gradients))
    return norm


def scale_to(norm: Tensor, max_norm: float) -> Tensor:
    """The factor that brings a gradient of this norm to at most `max_norm`; NaN where the norm is not finite."""
    scale = (max_norm / (norm + 1e-6)).clamp(max=1.0)
    return torch.where(torch.isfinite(norm), scale, torch.nan)


def _fake(gradients: Sequence[Tensor]) -> Tensor:
    if not gradients:
        return torch.empty(())
    return gradients[0].new_empty((), dtype=torch.promote_types(gradients[0].dtype, torch.float32))


define(SCHEMA, (torch_path(cpu.gradient_norm), c_path(native.gradient_norm)), _fake)
