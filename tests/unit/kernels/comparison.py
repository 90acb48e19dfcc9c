"""How far a call's outputs and gradients are from the reference's."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Outcome = list[Tensor]


def outputs_and_gradients(function: Callable[..., Any], tensors: Sequence[Tensor], constants: Sequence[Any]) -> Outcome:
    """Call a function, pull a fixed gradient through it, and return its outputs, then its inputs' gradients."""
    inputs = [tensor.detach().requires_grad_() for tensor in tensors]
    returned = function(*inputs, *constants)
    outputs = [returned] if isinstance(returned, Tensor) else list(returned)
    pulled = [_gradient_like(output, index) for index, output in enumerate(outputs)]
    gradients = torch.autograd.grad(outputs, inputs, pulled)
    return [output.detach() for output in outputs] + list(gradients)


def relative_error(value: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest expected value (or to 1e-30 where all are 0)."""
    if value.numel() == 0:
        return 0.0
    difference = (value.double() - expected.double()).abs().max()
    return float(difference / expected.double().abs().max().clamp(min=1e-30))


def _gradient_like(output: Tensor, index: int) -> Tensor:
    generator = torch.Generator().manual_seed(index)
    return torch.randn(output.shape, generator=generator, dtype=torch.float64).to(output.dtype)
