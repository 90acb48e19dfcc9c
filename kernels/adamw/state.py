"""The tensors that one AdamW step reads and writes."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class AdamWTensors:
    """Parameters with their gradients and moments, in one order; the last three are written in place."""

    gradients: Sequence[Tensor]
    parameters: Sequence[Tensor]
    first_moments: Sequence[Tensor]
    second_moments: Sequence[Tensor]
