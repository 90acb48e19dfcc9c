"""Gradients by finite differences in float64, for every differentiable operation."""

import pytest
import torch

from kernels.attention import attention
from kernels.cross_entropy import LossTerms, cross_entropy
from kernels.linear_cross_entropy import linear_cross_entropy
from kernels.rms_norm import add_rms_norm, rms_norm
from kernels.rope import rope, rope_tables
from kernels.swiglu import swiglu

TARGET = torch.tensor([0, -100, 3, 2])
TERMS = LossTerms(0.1, 0.01, torch.tensor([0.5, 1.0, 2.0, 0.25, 1.5], dtype=torch.float64))


def _inputs(*shapes: tuple[int, ...]) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(5)
    return tuple(torch.randn(s, generator=generator, dtype=torch.float64, requires_grad=True) for s in shapes)


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (lambda x, w: rms_norm(x, w, 1e-2), ((3, 5), (5,))),
        (lambda x, r, w: add_rms_norm(x, r, w, 1e-2), ((3, 5), (3, 5), (5,))),
        (swiglu, ((3, 5), (3, 5))),
        (lambda q, k: rope(q, k, *(t.double() for t in rope_tables(3, 4))), ((2, 3, 2, 4), (2, 3, 1, 4))),
        (lambda x: cross_entropy(x, TARGET, terms=TERMS), ((4, 5),)),
        (lambda h, w: linear_cross_entropy(h, w, TARGET, terms=TERMS), ((4, 3), (5, 3))),
        (lambda q, k, v: attention(q, k, v), ((1, 3, 2, 4), (1, 3, 1, 4), (1, 3, 1, 4))),
    ],
    ids=["rms_norm", "add_rms_norm", "swiglu", "rope", "cross_entropy", "linear_cross_entropy", "attention"],
)
def test_operation_gradients_match_finite_differences(function: object, shapes: tuple[tuple[int, ...], ...]) -> None:
    assert torch.autograd.gradcheck(function, _inputs(*shapes))
