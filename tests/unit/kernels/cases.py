"""Inputs for every operation of the registry: ragged sizes, and what else each must bear."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kernels.cross_entropy import LossTerms
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


def _add_rms_norm(rows: tuple[int, ...], width: int) -> Case:
    return Case(
        f"{rows}x{width}",
        lambda dtype: (
            _random(*rows, width).to(dtype), _random(*rows, width, seed=2).to(dtype), _random(width, seed=1).to(dtype)
        ),
        lambda dtype: (1e-5,),
    )  # fmt: skip


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


def _attention(length: int, heads: int, kv_heads: int, packed: bool = False) -> Case:
    documents = (torch.arange(length) // 3).expand(2, length) if packed else None
    return Case(
        f"{length}x{heads}/{kv_heads}-packed-{packed}",
        lambda dtype: tuple(
            _random(2, length, h, 8, seed=i).to(dtype) for i, h in enumerate((heads, kv_heads, kv_heads))
        ),
        lambda dtype: (True, documents),
    )


SMOOTHED = LossTerms(label_smoothing=0.1, z_loss=1e-3)


def _labels(rows: int, classes: int, ignored: str) -> Tensor:
    values = torch.randint(classes, (rows,), generator=torch.Generator().manual_seed(rows))
    if ignored == "some":
        values[::3] = -100
    if ignored == "all":
        values[:] = -100
    return values


def _weighted(classes: int, smoothing: float = 0.1) -> LossTerms:
    return LossTerms(smoothing, 1e-3, _random(classes, seed=3).abs())


def _cross_entropy(rows: int, classes: int, ignored: str = "none", terms: LossTerms = LossTerms()) -> Case:  # noqa: B008
    return Case(
        f"{rows}x{classes}-ignore-{ignored}-{terms.label_smoothing}-{terms.class_weight is not None}",
        lambda dtype: (_random(rows, classes, scale=3.0).to(dtype),),
        lambda dtype: (_labels(rows, classes, ignored), -100, terms),
    )


def _linear_cross_entropy(
    rows: int, width: int, classes: int, ignored: str = "none", terms: LossTerms = LossTerms()  # noqa: B008
) -> Case:
    return Case(
        f"{rows}x{width}x{classes}-ignore-{ignored}-{terms.label_smoothing}-{terms.class_weight is not None}",
        lambda dtype: (_random(rows, width).to(dtype), _random(classes, width, seed=1).to(dtype)),
        lambda dtype: (_labels(rows, classes, ignored), -100, terms),
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
    "attention": (_attention(2, 1, 1), _attention(7, 4, 2), _attention(37, 3, 3), _attention(17, 4, 1, packed=True)),
    "add_rms_norm": (
        _add_rms_norm((1,), 2), _add_rms_norm((2, 3), 7), _add_rms_norm((521,), 127), _add_rms_norm((), 129),
    ),
    "cross_entropy": (
        _cross_entropy(1, 2), _cross_entropy(7, 11), _cross_entropy(127, 4097), _cross_entropy(521, 257),
        _cross_entropy(127, 129, ignored="some"), _cross_entropy(5, 3, ignored="all"),
        _cross_entropy(127, 129, "some", SMOOTHED), _cross_entropy(127, 129, "some", _weighted(129)),
        _cross_entropy(7, 11, "none", _weighted(11, smoothing=0.0)),
    ),
    "linear_cross_entropy": (
        _linear_cross_entropy(1, 1, 2), _linear_cross_entropy(7, 5, 11), _linear_cross_entropy(521, 31, 257),
        _linear_cross_entropy(127, 32, 129, ignored="some"), _linear_cross_entropy(5, 4, 3, ignored="all"),
        _linear_cross_entropy(127, 32, 129, "some", SMOOTHED),
        _linear_cross_entropy(127, 32, 129, "some", _weighted(129)),
    ),
}  # fmt: skip
