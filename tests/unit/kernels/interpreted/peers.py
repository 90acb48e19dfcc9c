"""Liger's cross-entropy beside ours, both under Triton's interpreter, run by `make gate-kernels` like the launches.

Liger is written by other people from the same definition: an error that our reference and our kernel share would show.
"""

import pytest
import torch
from liger_kernel.ops.cross_entropy import cross_entropy_forward

from kernels.cross_entropy import triton_kernel as ours

# Class weights are left out: Liger's kernel takes their sum as a number, which the interpreter cannot cast.
TERMS = ((0.0, 0.0), (0.1, 0.0), (0.0, 1e-3), (0.1, 1e-3))


@pytest.mark.parametrize(("smoothing", "z_loss"), TERMS)
@pytest.mark.parametrize("width", [2, 129, 521])
def test_cross_entropy_launched_matches_ligers(width: int, smoothing: float, z_loss: float) -> None:
    generator = torch.Generator().manual_seed(width)
    logits, target = torch.randn(7, width, generator=generator) * 4, torch.arange(7) % width
    target[2] = -100
    loss, gradient = ours.forward(logits, target, None, -100, smoothing, z_loss, True)
    held = logits.clone().requires_grad_()  # without this Liger makes no gradient; with it, in the logits' place
    theirs = cross_entropy_forward(held, target, None, -100, z_loss, smoothing, "mean", None, False)
    torch.testing.assert_close(loss, theirs[0], rtol=2e-6, atol=2e-6)
    torch.testing.assert_close(gradient, theirs[-1].detach(), rtol=0, atol=2e-6)
