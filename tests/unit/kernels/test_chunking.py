"""Results do not depend on where the rows are cut."""

import pytest
import torch

from kernels import chunks
from kernels.linear_cross_entropy import cpu as by_torch
from kernels.linear_cross_entropy import native as by_c
from kernels.rms_norm import rms_norm
from kernels.swiglu import swiglu


@pytest.mark.parametrize(
    ("rows", "width", "elements", "expected"),
    [(0, 5, 10, []), (1, 5, 10, [1]), (2, 5, 10, [2]), (3, 5, 10, [2, 1]), (2, 50, 10, [1, 1]), (3, 0, 10, [3])],
)
def test_row_chunks_any_size_cover_all_rows(rows: int, width: int, elements: int, expected: list[int]) -> None:
    cut = list(chunks.row_chunks(rows, width, elements))
    assert [part.stop - part.start for part in cut] == expected
    assert [row for part in cut for row in range(part.start, part.stop)] == list(range(rows))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_linear_cross_entropy_many_chunks_same_as_one(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype) -> None:
    hidden, weight = torch.randn(53, 8, dtype=dtype), torch.randn(17, 8, dtype=dtype)
    target = torch.randint(17, (53,))
    target[5] = -100
    terms = (None, -100, 0.1, 1e-3, True)
    for body in (by_torch.forward, by_c.forward):
        whole = body(hidden, weight, target, *terms)
        with monkeypatch.context() as patch:
            patch.setattr(by_torch, "PRODUCT", 17 * 4)
            parts = body(hidden, weight, target, *terms)
        for value, expected in zip(parts, whole, strict=True):
            torch.testing.assert_close(value, expected)


def test_linear_cross_entropy_without_gradients_makes_none() -> None:
    hidden, weight, target = torch.randn(3, 4), torch.randn(5, 4), torch.tensor([0, 1, 4])
    for body in (by_torch.forward, by_c.forward):
        _, dhidden, dweight = body(hidden, weight, target, None, -100, 0.0, 0.0, False)
        assert dhidden.numel() == dweight.numel() == 0


def test_rms_norm_and_swiglu_across_a_chunk_boundary_match_a_row_alone() -> None:
    x, width = torch.randn(chunks.ELEMENTWISE // 64 + 3, 64), 64
    weight = torch.randn(width)
    torch.testing.assert_close(rms_norm(x, weight)[-1], rms_norm(x[-1:], weight)[0])
    torch.testing.assert_close(swiglu(x, x)[-1], swiglu(x[-1:], x[-1:])[0])
