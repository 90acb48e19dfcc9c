"""One AdamW step over many tensors in plain torch; scalars stay tensors, so that no device waits for the host."""

from collections.abc import Sequence

from torch import Tensor


def step_in_place(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    first_moments: Sequence[Tensor],
    second_moments: Sequence[Tensor],
    step: Tensor,
    learning_rate: Tensor,
    gradient_scale: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> None:
    """Move parameters and both moments by one step."""
    rate, count = learning_rate.double(), step.double()
    keep = 1 - rate * weight_decay
    size = rate / (1 - beta1**count)
    root = (1 - beta2**count).sqrt()
    for parameter, gradient, first, second in zip(parameters, gradients, first_moments, second_moments, strict=True):
        scaled = gradient.to(first.dtype) * gradient_scale
        first.lerp_(scaled, 1 - beta1)
        second.mul_(beta2).addcmul_(scaled, scaled, value=1 - beta2)
        divisor = second.sqrt().div_(root).add_(eps)
        parameter.mul_(keep).sub_((first / divisor).mul_(size))
