"""AdamW over a model's parameters, with the gradient clipped to a norm; matrices decay, scales do not."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from kernels.adamw import AdamWSettings, AdamWTensors, adamw

CLIP_NORM = 1.0
WEIGHT_DECAY = 0.1


class Optimiser:
    """Holds both moments of every parameter and the count of steps taken."""

    def __init__(self, model: nn.Module) -> None:
        self._parameters = dict(model.named_parameters())
        self._first = {name: torch.zeros_like(p) for name, p in self._parameters.items()}
        self._second = {name: torch.zeros_like(p) for name, p in self._parameters.items()}
        device = next(iter(self._parameters.values())).device
        self._step = torch.zeros((), dtype=torch.int64, device=device)

    @torch.no_grad()
    def step(self, learning_rate: float) -> Tensor:
        """Move every parameter by its gradient, then drop the gradients.

        Returns:
            The gradient's norm before clipping.
        """
        norm = self._gradient_norm()
        scale = (CLIP_NORM / (norm + 1e-6)).clamp(max=1.0)
        rate = torch.tensor(learning_rate, dtype=torch.float64, device=norm.device)
        self._step += 1
        for is_matrix in (True, False):
            names = [name for name, p in self._parameters.items() if (p.dim() >= 2) == is_matrix]
            settings = AdamWSettings(weight_decay=WEIGHT_DECAY if is_matrix else 0.0)
            adamw(self._tensors(names), self._step, rate, scale, settings)
        for parameter in self._parameters.values():
            parameter.grad = None
        return norm

    def state(self) -> dict[str, Tensor]:
        """Both moments and the step count, by name."""
        moments = {f"first.{name}": tensor for name, tensor in self._first.items()}
        moments |= {f"second.{name}": tensor for name, tensor in self._second.items()}
        return moments | {"step": self._step}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take over a stored state; its names must be this model's."""
        for name, tensor in self.state().items():
            tensor.copy_(state[name])

    def _gradient_norm(self) -> Tensor:
        norms = [torch.linalg.vector_norm(self._gradient(name)) for name in self._parameters]
        whole: Tensor = torch.linalg.vector_norm(torch.stack(norms))
        return whole

    def _gradient(self, name: str) -> Tensor:
        parameter = self._parameters[name]
        return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad

    def _tensors(self, names: list[str]) -> AdamWTensors:
        return AdamWTensors(
            gradients=[self._gradient(name) for name in names],
            parameters=[self._parameters[name] for name in names],
            first_moments=[self._first[name] for name in names],
            second_moments=[self._second[name] for name in names],
        )
