"""The operations as torch modules and an optimiser, for jobs that bring a model of their own.

`from kernels import nn` beside `from torch import nn as torch_nn`: each module holds the parameters that its torch
namesake holds, under the same names, so that a state dict goes from one to the other.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear, Module, Parameter

from kernels.adamw import AdamWSettings, AdamWTensors, adamw
from kernels.cross_entropy import LossTerms
from kernels.linear_cross_entropy import linear_cross_entropy
from kernels.rms_norm import add_rms_norm, rms_norm
from kernels.rope import rope, rope_tables
from kernels.swiglu import swiglu

__all__ = ["AdamW", "LinearCrossEntropy", "LossTerms", "RMSNorm", "Rotary", "SwiGLU"]


class RMSNorm(Module):
    """In place of `torch.nn.RMSNorm` over the last dimension; adds a residual first where it is given one."""

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight, self.eps = Parameter(torch.ones(width)), eps

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Any:
        """x [..., H] normalised; with a residual the pair (normalised sum, sum)."""
        if residual is None:
            return rms_norm(x, self.weight, self.eps)
        return add_rms_norm(x, residual, self.weight, self.eps)


class SwiGLU(Module):
    """The gated feed-forward layer of Llama-shaped models; parameters are named as theirs."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = Linear(width, hidden, bias=False), Linear(width, hidden, bias=False)
        self.down_proj = Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x [..., H] through both projections, the gate and back."""
        out: Tensor = self.down_proj(swiglu(self.gate_proj(x), self.up_proj(x)))
        return out


class Rotary(Module):
    """Rotary positions up to `length`; the tables are buffers that no checkpoint keeps."""

    cos: Tensor
    sin: Tensor

    def __init__(self, length: int, head_dim: int, base: float = 10_000.0) -> None:
        super().__init__()
        cos, sin = rope_tables(length, head_dim, base)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        """q [B, S, Hq, D] and k [B, S, Hk, D], turned."""
        return rope(q, k, self.cos[: q.shape[1]], self.sin[: q.shape[1]])


class LinearCrossEntropy(Module):
    """The output projection with its loss, in place of a bias-free `Linear` and `CrossEntropyLoss`."""

    def __init__(self, width: int, classes: int, ignore_index: int = -100, terms: LossTerms | None = None) -> None:
        super().__init__()
        self.weight = Parameter(torch.empty(classes, width))
        torch.nn.init.normal_(self.weight, std=width**-0.5)
        self.ignore_index, self.terms = ignore_index, terms or LossTerms()

    def forward(self, hidden: Tensor, target: Tensor) -> Tensor:
        """Mean loss of hidden [..., H] against target [...]."""
        return linear_cross_entropy(
            hidden.reshape(-1, hidden.shape[-1]), self.weight, target.reshape(-1), self.ignore_index, self.terms
        )


class AdamW(torch.optim.Optimizer):
    """In place of `torch.optim.AdamW`; `gradient_scale`, where set, multiplies every gradient of the next step."""

    def __init__(
        self, parameters: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8, weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})
        self.gradient_scale: Tensor | None = None

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Move every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            # A parameter joins when it has a gradient, and counts its steps from there.
            by_count: dict[int, list[Tensor]] = {}
            for parameter in (p for p in group["params"] if p.grad is not None):
                by_count.setdefault(self._counted(parameter), []).append(parameter)
            for count, parameters in by_count.items():
                self._move(parameters, count, group)
        return loss

    def _counted(self, parameter: Tensor) -> int:
        state = self.state[parameter]
        if not state:
            wide = torch.promote_types(parameter.dtype, torch.float32)
            state["step"] = 0
            state["exp_avg"], state["exp_avg_sq"] = (torch.zeros_like(parameter, dtype=wide) for _ in range(2))
        state["step"] += 1
        return int(state["step"])

    def _move(self, parameters: list[Tensor], count: int, group: dict[str, Any]) -> None:
        device, (beta1, beta2) = parameters[0].device, group["betas"]
        scale = torch.ones((), device=device) if self.gradient_scale is None else self.gradient_scale
        tensors = AdamWTensors(
            [p.grad for p in parameters if p.grad is not None], parameters,
            [self.state[p]["exp_avg"] for p in parameters], [self.state[p]["exp_avg_sq"] for p in parameters],
        )  # fmt: skip
        settings = AdamWSettings(beta1, beta2, group["eps"], group["weight_decay"])
        rate = torch.tensor(float(group["lr"]), dtype=torch.float64, device=device)
        adamw(tensors, torch.tensor(count, device=device), rate, scale, settings)
