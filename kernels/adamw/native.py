"""AdamW through the C library: every tensor in one call; other dtypes and strides take the torch path."""

import ctypes
import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from kernels import native
from kernels.adamw import cpu

BLOCK = 16384  # as in cpu.c


def step_in_place(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    first_moments: Sequence[Tensor],
    second_moments: Sequence[Tensor],
    copies: Sequence[Tensor],
    step: Tensor,
    learning_rate: Tensor,
    gradient_scale: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> None:
    """Move parameters, both moments and the copies by one step; nothing where the scale is not finite."""
    state = (parameters, first_moments, second_moments)
    if not _serves(state, gradients, copies):
        cpu.step_in_place(
            parameters, gradients, first_moments, second_moments, copies, step, learning_rate, gradient_scale,
            beta1, beta2, eps, weight_decay,
        )  # fmt: skip
        return
    rate, count = float(learning_rate), float(step)
    native.symbol("adamw", gradients[0].dtype)(
        len(parameters), _places(parameters), _places(gradients), _places(first_moments), _places(second_moments),
        _places(copies) if copies else None, _sizes(parameters), float(gradient_scale), beta1, beta2, eps,
        1 - rate * weight_decay, rate / (1 - beta1**count), math.sqrt(1 - beta2**count), native.threads(),
    )  # fmt: skip
    torch.autograd.graph.increment_version([*parameters, *first_moments, *second_moments, *copies])


def gradient_norm(gradients: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm over all gradients together, float32."""
    if not gradients or not native.serves(*gradients) or not all(g.is_contiguous() for g in gradients):
        return cpu.gradient_norm(gradients)
    blocks = sum(-(-g.numel() // BLOCK) for g in gradients)
    partial = torch.empty(blocks, dtype=torch.float64)
    squares = native.symbol("sum_of_squares", gradients[0].dtype)(
        len(gradients), _places(gradients), _sizes(gradients), partial.data_ptr(), native.threads()
    )
    return torch.tensor(math.sqrt(squares) if squares >= 0 else math.nan)


def _serves(state: Sequence[Sequence[Tensor]], gradients: Sequence[Tensor], copies: Sequence[Tensor]) -> bool:
    if not gradients or not native.serves(*gradients, *copies):
        return False
    held = list(itertools.chain(*state))
    contiguous = all(tensor.is_contiguous() for tensor in itertools.chain(held, gradients, copies))
    return contiguous and all(tensor.dtype == torch.float32 for tensor in held)


def _places(tensors: Sequence[Tensor]) -> ctypes.Array[ctypes.c_void_p]:
    return (ctypes.c_void_p * len(tensors))(*(tensor.data_ptr() for tensor in tensors))


def _sizes(tensors: Sequence[Tensor]) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * len(tensors))(*(tensor.numel() for tensor in tensors))
