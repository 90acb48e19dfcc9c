"""Cross-entropy beside torch's own, in the logits' own place, and at its edges."""

import pytest
import torch
from torch.nn import functional

from kernels.checks import KernelInputError
from kernels.cross_entropy import LossTerms, cross_entropy, cross_entropy_
from kernels.linear_cross_entropy import linear_cross_entropy


def _logits(rows: int = 9, classes: int = 37) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(7)
    target = torch.randint(classes, (rows,))
    target[1] = -100
    return torch.randn(rows, classes), target


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_matches_torch(smoothing: float, weighted: bool) -> None:
    logits, target = _logits()
    weight = torch.rand(37) if weighted else None
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss = cross_entropy(ours, target, terms=LossTerms(smoothing, 0.0, weight))
    expected = functional.cross_entropy(theirs, target, weight=weight, label_smoothing=smoothing)
    (3 * loss).backward()
    (3 * expected).backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_cross_entropy_in_place_same_gradient_without_a_second_tensor(dtype: torch.dtype) -> None:
    values, target = _logits()
    leaf = values.clone().to(dtype).requires_grad_()
    logits = leaf * 1
    loss = cross_entropy_(logits, target)
    plain = values.to(dtype).requires_grad_()
    expected = cross_entropy(plain, target)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(leaf.grad, plain.grad)
    torch.testing.assert_close(logits.detach(), plain.grad)


def test_cross_entropy_in_place_of_a_leaf_refused() -> None:
    logits, target = _logits()
    with pytest.raises(KernelInputError, match="logits are a leaf"):
        cross_entropy_(logits.requires_grad_(), target)


def test_cross_entropy_in_place_of_logits_that_others_kept_refused_by_autograd() -> None:
    logits, target = _logits()
    capped = torch.tanh(logits.requires_grad_())  # tanh keeps its result for its own backward
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        cross_entropy_(capped, target).backward()


def test_cross_entropy_without_gradients_leaves_logits_alone() -> None:
    logits, target = _logits()
    before = logits.clone()
    with torch.no_grad():
        cross_entropy_(logits, target)
    assert torch.equal(logits, before)


def test_cross_entropy_impossible_classes_and_large_logits_exact() -> None:
    logits = torch.tensor([[0.0, float("-inf"), 1.0], [1e4, -1e4, 0.0]])
    target = torch.tensor([2, 0])
    leaf = logits.clone().requires_grad_()
    loss = cross_entropy(leaf, target)
    loss.backward()
    torch.testing.assert_close(loss, functional.cross_entropy(logits, target))
    assert leaf.grad is not None
    assert leaf.grad[0, 1] == 0


def test_cross_entropy_nan_logit_makes_the_loss_nan() -> None:
    logits, target = _logits()
    logits[4, 5] = float("nan")
    assert cross_entropy(logits, target).isnan()


@pytest.mark.parametrize("target", [37, -1])
def test_cross_entropy_target_outside_refused(target: int) -> None:
    logits = torch.randn(1, 37)
    with pytest.raises((IndexError, RuntimeError), match=f"{target} .*is out of bounds"):
        cross_entropy(logits, torch.tensor([target]))


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (LossTerms(label_smoothing=1.0), "label_smoothing must be in"),
        (LossTerms(z_loss=-1.0), "z_loss must not be below 0"),
        (LossTerms(class_weight=torch.ones(3)), r"class_weight \(3,\) must be \(37,\)"),
    ],
)
def test_cross_entropy_terms_without_meaning_refused(terms: LossTerms, message: str) -> None:
    logits, target = _logits()
    with pytest.raises(KernelInputError, match=message):
        cross_entropy(logits, target, terms=terms)


def test_linear_cross_entropy_second_backward_same_gradient() -> None:
    hidden, weight = torch.randn(5, 4, requires_grad=True), torch.randn(7, 4, requires_grad=True)
    loss = linear_cross_entropy(hidden, weight, torch.arange(5))
    first = [g.clone() for g in torch.autograd.grad(loss, (hidden, weight), retain_graph=True)]
    second = torch.autograd.grad(2 * loss, (hidden, weight))
    for once, twice in zip(first, second, strict=True):
        torch.testing.assert_close(2 * once, twice)
