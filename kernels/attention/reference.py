"""Attention as its definition says, all scores in memory. Shapes: q [B, S, Hq, D], k and v [B, S, Hk, D]."""

import torch
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = True, documents: Tensor | None = None) -> Tensor:
    """softmax(q · k / sqrt(D)) · v, over the positions that may be seen."""
    group = q.shape[2] // k.shape[2]
    keys, values = k.repeat_interleave(group, dim=2), v.repeat_interleave(group, dim=2)
    scores = torch.einsum("bqhd,bkhd->bhqk", q, keys) / q.shape[3] ** 0.5
    seen = torch.ones(q.shape[1], q.shape[1], dtype=torch.bool, device=q.device)
    seen = seen.tril() if causal else seen
    if documents is not None:
        seen = seen & (documents[:, None, :, None] == documents[:, None, None, :])
    return torch.einsum("bhqk,bkhd->bqhd", scores.masked_fill(~seen, float("-inf")).softmax(dim=-1), values)
