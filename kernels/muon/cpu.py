"""One Muon step in plain torch, on any device: nearly all of it is matrix products, which torch does best."""

from collections.abc import Sequence

import torch
from torch import Tensor

from kernels.muon.settings import QUINTIC


def step_in_place(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    momenta: Sequence[Tensor],
    learning_rate: Tensor,
    gradient_scale: Tensor,
    momentum: float,
    weight_decay: float,
    rounds: int,
) -> None:
    """Move matrices and momenta by one step; nothing where the gradient's scale is not finite."""
    taken = torch.isfinite(gradient_scale)
    rate = torch.where(taken, learning_rate.double(), 0.0)
    for parameter, gradient, before in zip(parameters, gradients, momenta, strict=True):
        scaled = torch.where(taken, gradient.to(before.dtype) * gradient_scale, 0).to(before.dtype)
        before.mul_((1 - taken.double() * (1 - momentum)).to(before.dtype)).add_(scaled)
        update = orthogonalised(scaled + momentum * before, rounds).to(parameter.dtype)
        size = rate * 0.2 * max(parameter.shape) ** 0.5
        parameter.mul_(1 - rate * weight_decay).sub_(update.mul_(size))


def orthogonalised(matrix: Tensor, rounds: int) -> Tensor:
    """Singular values drawn to about 1: bfloat16 on a GPU, where its products are fast; the matrix's own elsewhere."""
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    x = x.bfloat16() if x.device.type == "cuda" and x.dtype == torch.float32 else x
    for _ in range(rounds):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)
