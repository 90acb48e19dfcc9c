"""The tensors that one AdamW step reads and writes."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class AdamWTensors:
    """Parameters with their gradients and moments, in one order; all but the gradients are written in place.

    `copies`, where given, are lower-precision copies of the parameters (bfloat16 beside float32 masters): each takes
    the moved parameter, rounded, in the same pass.
    """

    gradients: Sequence[Tensor]
    parameters: Sequence[Tensor]
    first_moments: Sequence[Tensor]
    second_moments: Sequence[Tensor]
    copies: Sequence[Tensor] = ()
