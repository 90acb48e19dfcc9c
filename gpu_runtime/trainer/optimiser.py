"""AdamW over a model's parameters, with the gradient clipped to a norm; matrices decay, scales do not."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gpu_runtime.trainer.gang import ALONE, Gang, local
from kernels.adamw import AdamWSettings, AdamWTensors, adamw, gradient_norm, scale_to

CLIP_NORM = 1.0
WEIGHT_DECAY = 0.1


class Optimiser:
    """Holds both moments of every parameter, float32 masters of those in bfloat16, and the count of steps taken.

    Where the gradient is not finite nothing moves, which is decided on the device.
    """

    def __init__(self, model: nn.Module, gang: Gang = ALONE) -> None:
        self._parameters = dict(model.named_parameters())
        self._gang = gang
        self._is_sharded = any(local(p) is not p for p in self._parameters.values())
        self._masters = {
            name: p.detach().float() for name, p in self._parameters.items() if p.dtype != torch.float32
        }  # fmt: skip
        held = {name: self._masters.get(name, p) for name, p in self._parameters.items()}
        self._first = {name: torch.zeros_like(tensor) for name, tensor in held.items()}
        self._second = {name: torch.zeros_like(tensor) for name, tensor in held.items()}
        self._sums: dict[str, Tensor] = {}
        device = local(next(iter(held.values()))).device
        self._step = torch.zeros((), dtype=torch.int64, device=device)

    @property
    def has_masters(self) -> bool:
        """Whether the model computes in bfloat16 beside float32 masters."""
        return bool(self._masters)

    @torch.no_grad()
    def gather(self) -> None:
        """Add the gradients of a part of a step to float32 sums, where the model's own are in bfloat16."""
        for name in self._masters:
            gradient = self._parameters[name].grad
            if gradient is None:
                continue
            if name in self._sums:
                self._sums[name] += gradient
            else:
                self._sums[name] = gradient.float()
            self._parameters[name].grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> Tensor:
        """Move every parameter by its gradient, then drop the gradients.

        Returns:
            The gradient's norm before clipping.
        """
        gradients = {name: self._gradient(name) for name in self._parameters}
        norm = gradient_norm([gradient for gradient in gradients.values() if gradient.numel()])
        if self._is_sharded:
            norm = self._gang.norm(norm)
        scale = scale_to(norm, CLIP_NORM)
        rate = torch.tensor(learning_rate, dtype=torch.float64, device=norm.device)
        self._step += 1
        for is_matrix in (True, False):
            names = [name for name, p in self._parameters.items() if (p.dim() >= 2) == is_matrix]
            settings = AdamWSettings(weight_decay=WEIGHT_DECAY if is_matrix else 0.0)
            for group in self._groups(names, gradients):
                adamw(group, self._step, rate, scale, settings)
        self._sums = {}
        for parameter in self._parameters.values():
            parameter.grad = None
        return norm

    def state(self) -> dict[str, Tensor]:
        """Both moments, the masters and the step count, by name."""
        held = {f"first.{name}": tensor for name, tensor in self._first.items()}
        held |= {f"second.{name}": tensor for name, tensor in self._second.items()}
        held |= {f"master.{name}": tensor for name, tensor in self._masters.items()}
        return held | {"step": self._step}

    @torch.no_grad()
    def start_over(self, weights: Mapping[str, Tensor]) -> None:
        """Take other masters before the first step: the parameters were given these weights."""
        for name, master in self._masters.items():
            master.copy_(weights[name])

    def _gradient(self, name: str) -> Tensor:
        if name in self._sums:
            return self._sums[name]
        parameter = self._parameters[name]
        return local(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)

    def _groups(self, names: list[str], gradients: Mapping[str, Tensor]) -> list[AdamWTensors]:
        """What moves alike: parameters with masters and those without; shards with nothing in them are left out."""
        filled = [name for name in names if gradients[name].numel()]
        groups = []
        for has_master in (False, True):
            chosen = [name for name in filled if (name in self._masters) == has_master]
            held = [local(self._masters.get(name, self._parameters[name])) for name in chosen]
            groups.append(
                AdamWTensors(
                    gradients=[gradients[name] for name in chosen],
                    parameters=held,
                    first_moments=[local(self._first[name]) for name in chosen],
                    second_moments=[local(self._second[name]) for name in chosen],
                    copies=[local(self._parameters[name]) for name in chosen] if has_master else (),
                )
            )
        return [group for group in groups if group.parameters]
