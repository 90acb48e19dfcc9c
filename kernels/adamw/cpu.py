"""One AdamW step over many tensors in plain torch; scalars stay tensors, so that no device waits for the host."""

from collections.abc import Sequence

import torch
from torch import Tensor


def step_in_place(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    first_moments: Sequence[Tensor],
    second_moments: Sequence[Tensor],
    copies: Sequence[Tensor],
    step: Tensor,
    learning_rate: Tensor,
    gradient_scale: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> None:
    """Move parameters, both moments and the copies by one step; nothing where the scale is not finite."""
    rate, count = learning_rate.double(), step.double()
    size = rate / (1 - beta1**count)
    root = (1 - beta2**count).sqrt()
    # A step that is to be left out becomes one that moves nothing: no host has to know.
    taken = torch.isfinite(gradient_scale)
    keep = torch.where(taken, 1 - rate * weight_decay, 1.0)
    size = torch.where(taken, size, 0.0)
    come, move = taken.double() * (1 - beta2), taken.double() * (1 - beta1)
    for parameter, gradient, first, second in zip(parameters, gradients, first_moments, second_moments, strict=True):
        scaled = torch.where(taken, gradient.to(first.dtype) * gradient_scale, 0).to(first.dtype)
        first.add_((scaled - first) * move.to(first.dtype))
        second.add_((scaled * scaled - second) * come.to(second.dtype))
        divisor = second.sqrt().div_(root).add_(eps)
        parameter.mul_(keep).sub_((first / divisor).mul_(size))
    for copy, parameter in zip(copies, parameters, strict=False):
        copy.copy_(parameter)


def gradient_norm(gradients: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm over all gradients together, in float32 or wider."""
    if not gradients:
        return torch.zeros(())
    norms = [torch.linalg.vector_norm(g, dtype=torch.promote_types(g.dtype, torch.float32)) for g in gradients]
    whole: Tensor = torch.linalg.vector_norm(torch.stack(norms))
    return whole
