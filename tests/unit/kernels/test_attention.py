"""Attention and its document masks against the definition."""

import pytest
import torch

from kernels.attention import attention, documents_from_starts
from kernels.checks import KernelInputError


def _qkv(length: int, heads: int = 4, kv_heads: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(length)
    return tuple(torch.randn(2, length, h, 8, dtype=torch.float64) for h in (heads, kv_heads, kv_heads))


@pytest.mark.parametrize("causal", [True, False])
def test_attention_packed_documents_same_as_each_alone(causal: bool) -> None:
    q, k, v = (part[:1] for part in _qkv(11))
    documents = documents_from_starts(torch.tensor([0, 3, 4]), 11)
    packed = attention(q, k, v, causal, documents)
    alone = [attention(q[:, cut], k[:, cut], v[:, cut], causal) for cut in (slice(0, 3), slice(3, 4), slice(4, 11))]
    torch.testing.assert_close(packed, torch.cat(alone, dim=1))


def test_documents_from_starts_numbers_each_position() -> None:
    assert documents_from_starts(torch.tensor([0, 2, 3]), 5).tolist() == [[0, 0, 1, 2, 2]]


def test_attention_uneven_groups_refused() -> None:
    q, k, v = _qkv(3, heads=3, kv_heads=2)
    with pytest.raises(KernelInputError, match="3 query heads cannot share 2 key heads"):
        attention(q, k, v)


def test_attention_documents_of_another_shape_refused() -> None:
    q, k, v = _qkv(3)
    with pytest.raises(KernelInputError, match="documents .* must be integers"):
        attention(q, k, v, documents=torch.zeros(2, 4, dtype=torch.int64))
