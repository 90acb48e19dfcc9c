"""Rotary positions in plain torch, a batch row at a time when rows are large.

Shapes: q [B, S, Hq, D], k [B, S, Hk, D], cos and sin [S, D/2].
"""

from torch import Tensor

from kernels.checks import accumulator
from kernels.chunks import row_chunks


def rotate(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
    """Rotate q and k forwards, or backwards where `inverse`: a rotation's gradient is its inverse."""
    wide = accumulator(q.dtype)
    c = cos.to(wide)[:, None, :]
    s = sin.to(wide)[:, None, :]
    s = -s if inverse else s
    return _rotate(q, c, s), _rotate(k, c, s)


def _rotate(x: Tensor, c: Tensor, s: Tensor) -> Tensor:
    out, half = x.new_empty(x.shape), x.shape[-1] // 2
    for batch in row_chunks(x.shape[0], x[0].numel() if x.shape[0] else 1):
        first, second = x[batch, ..., :half].to(c.dtype), x[batch, ..., half:].to(c.dtype)
        out[batch, ..., :half] = first * c - second * s
        out[batch, ..., half:] = second * c + first * s
    return out
