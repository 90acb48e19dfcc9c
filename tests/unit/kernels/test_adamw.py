"""AdamW in place against its reference and torch's own, and its schema checks."""

import pytest
import torch
from torch import Tensor

from kernels.adamw import AdamWSettings, AdamWTensors, adamw, clip_scale
from kernels.adamw import reference as adamw_reference
from kernels.checks import KernelInputError

SETTINGS = AdamWSettings(weight_decay=0.1)
SHAPES = ((1,), (7, 5), (521,), (2, 3, 4))


def _tensors(dtype: torch.dtype) -> AdamWTensors:
    def some(scale: float) -> list[Tensor]:
        return [(torch.randn(shape, dtype=torch.float64) * scale).to(dtype) for shape in SHAPES]

    torch.manual_seed(3)
    return AdamWTensors(some(1.0), some(1.0), some(0.1), [tensor.abs() for tensor in some(0.1)])


def _scalars(step: int = 3, rate: float = 0.01, scale: float = 0.5) -> tuple[Tensor, Tensor, Tensor]:
    return torch.tensor(step), torch.tensor(rate, dtype=torch.float64), torch.tensor(scale)


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_adamw_one_step_matches_reference(dtype: torch.dtype, limit: float) -> None:
    tensors = _tensors(dtype)
    wide = AdamWTensors(*([tensor.double() for tensor in group] for group in list(vars(tensors).values())[:4]))
    expected = adamw_reference.adamw(wide, *_scalars(), SETTINGS)
    adamw(tensors, *_scalars(), SETTINGS)
    moved = zip(tensors.parameters, tensors.first_moments, tensors.second_moments, strict=True)
    for values, wanted in zip(moved, expected, strict=True):
        for value, want in zip(values, wanted, strict=True):
            torch.testing.assert_close(value.double(), want, rtol=limit, atol=limit)


def test_adamw_many_steps_match_torch() -> None:
    torch.manual_seed(1)
    ours = torch.randn(9, 4, dtype=torch.float64)
    theirs = ours.clone().requires_grad_()
    optimiser = torch.optim.AdamW([theirs], lr=0.02, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    first, second = torch.zeros_like(ours), torch.zeros_like(ours)
    for step in range(1, 6):
        gradient = torch.randn(9, 4, dtype=torch.float64)
        theirs.grad = gradient.clone()
        optimiser.step()
        adamw(AdamWTensors([gradient], [ours], [first], [second]), *_scalars(step, 0.02, 1.0), SETTINGS)
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-10, atol=1e-12)


def test_adamw_opcheck_passes() -> None:
    tensors = _tensors(torch.float32)
    torch.library.opcheck(
        torch.ops.writ.adamw.default,
        (tensors.parameters, tensors.gradients, tensors.first_moments, tensors.second_moments, [],
         *_scalars(), 0.9, 0.95, 1e-8, 0.1),
    )  # fmt: skip


def test_adamw_compiled_whole_same_result() -> None:
    plain, traced = _tensors(torch.float32), _tensors(torch.float32)
    adamw(plain, *_scalars(), SETTINGS)
    torch.compile(adamw, fullgraph=True, backend="aot_eager")(traced, *_scalars(), SETTINGS)
    for value, expected in zip(traced.parameters, plain.parameters, strict=True):
        assert torch.equal(value, expected)


def test_adamw_unequal_lists_refused_in_words() -> None:
    tensors = _tensors(torch.float32)
    short = AdamWTensors(tensors.gradients[1:], tensors.parameters, tensors.first_moments, tensors.second_moments)
    with pytest.raises(KernelInputError, match="must be as many as each other"):
        adamw(short, *_scalars(), SETTINGS)


def test_adamw_unequal_shapes_refused_in_words() -> None:
    x, y = torch.zeros(2), torch.zeros(3)
    with pytest.raises(KernelInputError, match="tensors 0 have different shapes"):
        adamw(AdamWTensors([x], [y], [y], [y]), *_scalars(), SETTINGS)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_adamw_scale_not_finite_moves_nothing(dtype: torch.dtype) -> None:
    tensors, before = _tensors(dtype), _tensors(dtype)
    adamw(tensors, *_scalars(scale=float("nan")), SETTINGS)
    for ours, theirs in zip(vars(tensors).values(), vars(before).values(), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_adamw_bfloat16_copies_take_the_moved_masters() -> None:
    tensors = _tensors(torch.float32)
    copies = [torch.zeros_like(p, dtype=torch.bfloat16) for p in tensors.parameters]
    gradients = [g.bfloat16() for g in tensors.gradients]
    state = AdamWTensors(gradients, tensors.parameters, tensors.first_moments, tensors.second_moments, copies)
    adamw(state, *_scalars(), SETTINGS)
    assert all(torch.equal(c, p.bfloat16()) for c, p in zip(copies, tensors.parameters, strict=True))


def test_adamw_bumps_the_version_that_autograd_watches() -> None:
    tensors = _tensors(torch.float32)
    before = [p._version for p in tensors.parameters]
    adamw(tensors, *_scalars(), SETTINGS)
    assert all(p._version > v for p, v in zip(tensors.parameters, before, strict=True))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_clip_scale_matches_torch(dtype: torch.dtype) -> None:
    gradients = [torch.randn(70, 500).to(dtype), torch.randn(3).to(dtype)]
    norm = torch.linalg.vector_norm(torch.cat([g.double().flatten() for g in gradients]))
    scale, found = clip_scale(gradients, 2.0)
    torch.testing.assert_close(found.double(), norm, rtol=1e-5, atol=0)
    torch.testing.assert_close(scale.double(), 2.0 / norm, rtol=1e-5, atol=0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_clip_scale_gradient_not_finite_is_nan(bad: float) -> None:
    scale, _norm = clip_scale([torch.tensor([1.0, bad])], 1.0)
    assert scale.isnan()
