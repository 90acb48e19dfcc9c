"""Rotary positions through the C library, or through plain torch where C does not serve."""

import torch
from torch import Tensor

from kernels import native
from kernels.rope import cpu


def rotate(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
    """Rotate q and k forwards, or backwards where `inverse`."""
    if not native.serves(q, k):
        return cpu.rotate(q, k, cos, sin, inverse)
    cosines, sines = cos.float().contiguous(), sin.float().contiguous()
    return _rotate(q, cosines, sines, inverse), _rotate(k, cosines, sines, inverse)


def _rotate(x: Tensor, cos: Tensor, sin: Tensor, inverse: bool) -> Tensor:
    x = x if x.stride(3) == 1 else x.contiguous()
    out, (batch, length, heads, width) = torch.empty(x.shape, dtype=x.dtype), x.shape
    native.symbol("rope_rotate", x.dtype)(
        x.data_ptr(), x.stride(0), x.stride(1), x.stride(2), cos.data_ptr(), sin.data_ptr(), out.data_ptr(),
        batch, length, heads, width // 2, -1.0 if inverse else 1.0, native.threads(),
    )  # fmt: skip
    return out
