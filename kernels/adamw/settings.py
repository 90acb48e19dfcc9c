"""The numbers of one AdamW step that stay the same over a training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AdamWSettings:
    """Decay rates of the two moments, the divisor's floor, and the decoupled weight decay."""

    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.0
