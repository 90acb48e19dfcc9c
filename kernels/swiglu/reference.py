"""SwiGLU's gating as its definition says. Shapes: gate, up [..., F]."""

import torch
from torch import Tensor


def swiglu(gate: Tensor, up: Tensor) -> Tensor:
    """Return gate * sigmoid(gate) * up."""
    return gate * torch.sigmoid(gate) * up
