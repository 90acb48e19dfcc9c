"""What the Triton launches are held to, run under Triton's interpreter in a process of its own.

`TRITON_INTERPRET=1` must stand before Triton is imported, so `make gate-kernels` starts this file with pytest.
"""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from kernels.adamw import cpu as adamw_by_torch
from kernels.adamw import triton_kernel as adamw
from kernels.cross_entropy import cpu as cross_entropy_by_torch
from kernels.cross_entropy import triton_kernel as cross_entropy
from kernels.linear_cross_entropy import cpu as linear_by_torch
from kernels.linear_cross_entropy import triton_kernel as linear
from kernels.rms_norm import cpu as rms_norm_by_torch
from kernels.rms_norm import triton_kernel as rms_norm
from kernels.rope import cpu as rope_by_torch
from kernels.rope import rope_tables
from kernels.rope import triton_kernel as rope
from kernels.swiglu import cpu as swiglu_by_torch
from kernels.swiglu import triton_kernel as swiglu

WIDTHS = (1, 127, 128, 129, 521)


def _same(ours: Any, theirs: Any, tolerance: float = 2e-6) -> None:
    pairs = [(ours, theirs)] if isinstance(ours, Tensor) else list(zip(ours, theirs, strict=True))
    for value, expected in pairs:
        assert value.dtype == expected.dtype
        assert value.shape == expected.shape
        scale = expected.double().abs().max().clamp(min=1e-30) if expected.numel() else 1.0
        torch.testing.assert_close(value.double() / scale, expected.double() / scale, rtol=0, atol=tolerance)


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


@pytest.mark.parametrize("width", WIDTHS)
def test_rms_norm_launched_matches_torch_path(width: int) -> None:
    x, residual, weight, grad, extra = (_random(5, width, seed=s) if s != 2 else _random(width) for s in range(5))
    _same(rms_norm.forward(x, weight, 0.1), rms_norm_by_torch.forward(x, weight, 0.1))
    rstd = rms_norm_by_torch.forward(x, weight, 0.1)[1]
    _same(rms_norm.backward(grad, x, weight, rstd), rms_norm_by_torch.backward(grad, x, weight, rstd))
    arguments = (x, residual, weight, 0.1)
    _same(rms_norm.add_forward(*arguments), rms_norm_by_torch.add_forward(*arguments))
    back = (grad, extra, x, weight, rstd)
    _same(rms_norm.add_backward(*back), rms_norm_by_torch.add_backward(*back))


def test_rms_norm_launched_more_rows_than_programs_sums_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rms_norm, "BACKWARD_PROGRAMS", 3)
    x, weight, grad = _random(11, 33), _random(33), _random(11, 33, seed=1)
    rstd = rms_norm_by_torch.forward(x, weight, 1e-5)[1]
    _same(rms_norm.backward(grad, x, weight, rstd), rms_norm_by_torch.backward(grad, x, weight, rstd))


@pytest.mark.parametrize("width", WIDTHS)
def test_swiglu_launched_strided_matches_torch_path(width: int) -> None:
    both, grad = _random(3, 2 * width), _random(3, width, seed=1)
    gate, up = both.chunk(2, dim=1)
    _same(swiglu.forward(gate, up), swiglu_by_torch.forward(gate, up))
    _same(swiglu.backward(grad, gate, up), swiglu_by_torch.backward(grad, gate, up))


@pytest.mark.parametrize(("heads", "kv_heads", "width"), [(1, 1, 2), (3, 1, 6), (4, 2, 34)])
@pytest.mark.parametrize("inverse", [False, True])
def test_rope_launched_strided_matches_torch_path(heads: int, kv_heads: int, width: int, inverse: bool) -> None:
    joint = _random(2, 7, heads + kv_heads, width)
    q, k = joint.split([heads, kv_heads], dim=2)
    arguments = (q, k, *rope_tables(7, width), inverse)
    _same(rope.rotate(*arguments), rope_by_torch.rotate(*arguments))


TERMS: Sequence[tuple[bool, float, float]] = (
    (False, 0.0, 0.0), (False, 0.1, 1e-3), (True, 0.1, 1e-3), (True, 0.0, 0.0),
)  # fmt: skip


@pytest.mark.parametrize(("weighted", "smoothing", "z_loss"), TERMS)
@pytest.mark.parametrize("width", [2, 129, 521])  # of one class the gradient is 0 but for rounding
def test_cross_entropy_launched_matches_torch_path(
    monkeypatch: pytest.MonkeyPatch, width: int, weighted: bool, smoothing: float, z_loss: float
) -> None:
    monkeypatch.setattr(cross_entropy, "VOCABULARY", type(cross_entropy.VOCABULARY)(block=128, warps=4))
    logits, target = _random(7, width) * 4, torch.arange(7) % width
    target[2] = -100
    logits[3, 1:] = float("-inf")
    target[3] = 0
    weight = _random(width, seed=1).abs() if weighted else None
    if smoothing:
        logits[3, 1:] = -50.0  # smoothing asks for the logarithm of every class: -inf would make it infinite
    arguments = (target, weight, -100, smoothing, z_loss)
    _same(cross_entropy.forward(logits, *arguments, True), cross_entropy_by_torch.forward(logits, *arguments, True))
    held, expected = logits.clone(), logits.clone()
    _same(cross_entropy.in_place(held, *arguments), cross_entropy_by_torch.in_place(expected, *arguments))
    _same(held, expected)


def test_linear_cross_entropy_launched_many_chunks_match_torch_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "CHUNK_ELEMENTS", 33 * 4)
    arguments = (_random(11, 8), _random(33, 8, seed=1), torch.arange(11), None, 3, 0.1, 1e-3, True)
    _same(linear.forward(*arguments), linear_by_torch.forward(*arguments))


@pytest.mark.parametrize("scale", [0.5, float("nan")])
def test_adamw_launched_matches_torch_path_and_leaves_a_step_out(scale: float) -> None:
    def state() -> tuple[list[Tensor], ...]:
        tensors = [[_random(*shape, seed=s) for shape in ((1,), (7, 5), (1025,))] for s in range(3)]
        return (*tensors, [t.square() for t in tensors[2]], [t.bfloat16() for t in tensors[0]])

    scalars = (torch.tensor(3), torch.tensor(0.01, dtype=torch.float64), torch.tensor(scale), 0.9, 0.95, 1e-8, 0.1)
    ours, theirs = state(), state()
    for (parameters, gradients, first, second, copies), step in (
        (ours, adamw.step_in_place), (theirs, adamw_by_torch.step_in_place),
    ):  # fmt: skip
        step(parameters, gradients, first, second, [] if scale != scale else copies, *scalars)
    for value, expected in zip(sum(ours[:4], []), sum(theirs[:4], []), strict=True):
        _same(value, expected)
    for value, expected in zip(ours[4], theirs[4], strict=True):
        torch.testing.assert_close(value.float(), expected.float(), rtol=1e-2, atol=1e-3)
