"""What one Muon step reads and writes, and its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

# Keller Jordan's quintic: its fixed points lie about 1, and five rounds bring any singular value into 0.7..1.2.
QUINTIC = (3.4445, -4.7750, 2.0315)


@dataclass(frozen=True)
class MuonTensors:
    """Matrices with their gradients and momenta, in one order; parameters and momenta are written in place."""

    gradients: Sequence[Tensor]
    parameters: Sequence[Tensor]
    momenta: Sequence[Tensor]


@dataclass(frozen=True)
class MuonSettings:
    """Decay of the momentum, decoupled weight decay, and rounds of the orthogonalisation."""

    momentum: float = 0.95
    weight_decay: float = 0.0
    rounds: int = 5
