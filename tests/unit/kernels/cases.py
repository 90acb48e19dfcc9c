"""Inputs for every operation of the registry: ragged sizes, and what else each must bear."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kernels.rope import rope_tables


@dataclass(frozen=True)
class Case:
    """One call: tensors that get a gradient, and the arguments after them that do not."""

    name: str
    tensors: Callable[[torch.dtype], tuple[Tensor, ...]]
    constants: Callable[[torch.dtype], tuple[Any, ...]]


def _random(*shape: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(*shape, generator=generator, dtype=torch.float64) * scale


def _rms_norm(rows: tuple[int, ...], width: int, eps: float = 1e-5) -> Case:
    return Case(
        f"{rows}x{width}",
        lambda dtype: (_random(*rows, width).to(dtype), _random(width, seed=1).to(dtype)),
        lambda dtype: (eps,),
    )


def _rope(batch: int, length: int, heads: int, kv_heads: int, width: int) -> Case:
    def constants(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        cos, sin = rope_tables(length, width)
        return (cos.to(dtype), sin.to(dtype))

    return Case(
        f"{batch}x{length}x{heads}/{kv_heads}x{width}",
        lambda dtype: (
            _random(batch, length, heads, width).to(dtype), _random(batch, length, kv_heads, width, seed=1).to(dtype)
        ),
        constants,
    )  # fmt: skip


def _swiglu(rows: tuple[int, ...], width: int, scale: float = 1.0) -> Case:
    return Case(
        f"{rows}x{width}x{scale}",
        lambda dtype: (_random(*rows, width, scale=scale).to(dtype), _random(*rows, width, seed=1).to(dtype)),
        lambda dtype: (),
    )


def _cross_entropy(rows: int, width: int, classes: int, ignored: str = "none") -> Case:
    def target(dtype: torch.dtype) -> tuple[Tensor, int]:
        values = torch.randint(classes, (rows,), generator=torch.Generator().manual_seed(rows))
        if ignored == "some":
            values[::3] = -100
        if ignored == "all":
            values[:] = -100
        return (values, -100)

    return Case(
        f"{rows}x{width}x{classes}-ignore-{ignored}",
        lambda dtype: (_random(rows, width).to(dtype), _random(classes, width, seed=1).to(dtype)),
        target,
    )


# 521 and 7 are primes; 1 is the smallest size; widths lie on both sides of a vector's.
CASES: dict[str, tuple[Case, ...]] = {
    # A single number divided by itself has no gradient to speak of, unless eps has weight.
    "rms_norm": (
        _rms_norm((1,), 1, eps=0.5), _rms_norm((2, 3), 7), _rms_norm((521,), 127), _rms_norm((3,), 128),
        _rms_norm((), 129),
    ),
    "rope": (_rope(1, 1, 1, 1, 2), _rope(3, 7, 4, 2, 6), _rope(2, 127, 3, 1, 32), _rope(2, 129, 2, 2, 34)),
    "swiglu": (
        _swiglu((1,), 1), _swiglu((2, 3), 7), _swiglu((521,), 127), _swiglu((), 129), _swiglu((7,), 128, scale=40.0),
    ),
    "linear_cross_entropy": (
        _cross_entropy(1, 1, 2), _cross_entropy(7, 5, 11), _cross_entropy(521, 31, 257),
        _cross_entropy(127, 32, 129, ignored="some"), _cross_entropy(5, 4, 3, ignored="all"),
    ),
}  # fmt: skip
