"""What the public functions refuse, in plain words. None of these look at a tensor's data."""

import torch
from torch import Tensor

FLOATING = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


class KernelInputError(ValueError):
    """An operation was called with tensors that it does not take."""


def require(holds: bool, message: str) -> None:
    """Refuse the call with `message` unless `holds`."""
    if not holds:
        raise KernelInputError(message)


def require_floating(op: str, **tensors: Tensor) -> None:
    """Refuse tensors that are not of one and the same floating dtype on one device."""
    names = ", ".join(tensors)
    values = list(tensors.values())
    first = values[0]
    require(
        first.dtype in FLOATING,
        f"{op}: {names} must be float64, float32, bfloat16 or float16, not {first.dtype}.",
    )
    require(
        all(tensor.dtype == first.dtype for tensor in values),
        f"{op}: {names} must have one dtype; they have {[str(tensor.dtype) for tensor in values]}.",
    )
    require(
        all(tensor.device == first.device for tensor in values),
        f"{op}: {names} must be on one device; they are on {[str(tensor.device) for tensor in values]}.",
    )


def accumulator(dtype: torch.dtype) -> torch.dtype:
    """The dtype sums are kept in: float32, or float64 where the inputs are float64."""
    return torch.promote_types(dtype, torch.float32)
