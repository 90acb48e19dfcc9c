"""Muon as its definition says, out of place and in the dtype of what it is given."""

from torch import Tensor

from kernels.muon.settings import QUINTIC, MuonSettings, MuonTensors


def orthogonalised(matrix: Tensor, rounds: int) -> Tensor:
    """The matrix with its singular values drawn to about 1 by `rounds` of an odd quintic."""
    a, b, c = QUINTIC
    x: Tensor = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def muon(
    tensors: MuonTensors, learning_rate: Tensor, gradient_scale: Tensor, settings: MuonSettings
) -> list[tuple[Tensor, Tensor]]:
    """Return (parameter, momentum) after the step, for each matrix."""
    results = []
    for parameter, gradient, before in zip(tensors.parameters, tensors.gradients, tensors.momenta, strict=True):
        g = gradient * gradient_scale
        momentum = settings.momentum * before + g
        update = orthogonalised(g + settings.momentum * momentum, settings.rounds)
        size = learning_rate * 0.2 * max(parameter.shape) ** 0.5
        results.append((parameter * (1 - learning_rate * settings.weight_decay) - size * update, momentum))
    return results
