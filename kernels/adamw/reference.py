"""AdamW as its definition says, out of place: returns what the in-place operation must leave behind."""

from torch import Tensor

from kernels.adamw.settings import AdamWSettings
from kernels.adamw.state import AdamWTensors


def adamw(
    tensors: AdamWTensors, step: Tensor, learning_rate: Tensor, gradient_scale: Tensor, settings: AdamWSettings
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Return (parameter, first moment, second moment) after the step, for each parameter."""
    results, count = [], step.double()
    for parameter, gradient, first, second in zip(
        tensors.parameters, tensors.gradients, tensors.first_moments, tensors.second_moments, strict=True
    ):
        g = gradient * gradient_scale
        m = settings.beta1 * first + (1 - settings.beta1) * g
        v = settings.beta2 * second + (1 - settings.beta2) * g * g
        m_hat = m / (1 - settings.beta1**count)
        v_hat = v / (1 - settings.beta2**count)
        decayed = parameter * (1 - learning_rate * settings.weight_decay)
        results.append((decayed - learning_rate * m_hat / (v_hat.sqrt() + settings.eps), m, v))
    return results
