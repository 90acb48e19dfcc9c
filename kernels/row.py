"""What one registry row holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

Shape = Mapping[str, int]


class Floor(NamedTuple):
    """The least work that any implementation must do: arithmetic, and traffic to memory."""

    flops: int
    bytes: int


FloorFunction = Callable[[Shape], Floor]


@dataclass(frozen=True)
class Implementation:
    """One way to run an operation, and the torch dispatch keys (device kinds) that it serves.

    Attributes:
        name: what the docs call it.
        dispatch_keys: the device kinds that it serves.
        body: what runs.
        is_there: whether it can be had on this machine (a compiler, Triton); asked once the operation is named.
        full_name: what a receipt calls it, where that says more than `name` (the digest of a build).
    """

    name: str
    dispatch_keys: tuple[str, ...]
    body: Callable[..., Any]
    is_there: Callable[[], bool] = lambda: True
    full_name: Callable[[], str] | None = None

    def named(self) -> str:
        """What a receipt calls it."""
        return self.full_name() if self.full_name else self.name


@dataclass(frozen=True)
class Tolerance:
    """How far an output may be from the float64 reference, relative to the reference's largest value.

    `over_eager` bounds the error as a multiple of what the reference makes when it runs in the same dtype;
    `slack` is the part below which that multiple is not counted (units in the last place, for sums in another order).
    """

    relative: Mapping[torch.dtype, float]
    over_eager: float = 1.5
    slack_epsilons: float = 16.0

    def limit(self, dtype: torch.dtype, eager_error: float) -> float:
        """The largest error allowed in `dtype`, where eager torch made `eager_error`."""
        slack = self.slack_epsilons * torch.finfo(dtype).eps
        return min(self.relative[dtype], max(self.over_eager * eager_error, slack))


# 6e-2 for fp8 and 1e-3 for tf32 join when an implementation takes those dtypes.
STANDARD_TOLERANCE = Tolerance({torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 1e-2})


@dataclass(frozen=True)
class KernelOp:
    """One operation: how it is declared, what it means, how it runs, and what it must at least cost.

    Attributes:
        name: its name in `torch.ops.writ`.
        schemas: the torch schemas, forward first.
        function: the checked public function.
        reference: the specification, differentiable, runs in float64.
        implementations: by dispatch key, the last that serves a key and is there is the one taken.
        floors: "forward", and "backward" where there is one.
        tolerance: how far from the reference an implementation may be.
    """

    name: str
    schemas: tuple[str, ...]
    function: Callable[..., Any]
    reference: Callable[..., Any]
    implementations: tuple[Implementation, ...]
    floors: Mapping[str, FloorFunction]
    tolerance: Tolerance = STANDARD_TOLERANCE

    def implementation_for(self, device_type: str) -> Implementation:
        """The implementation that serves a device kind (`cpu`, `cuda`)."""
        key = device_type.upper()
        serving = [item for item in self.implementations if key in item.dispatch_keys and item.is_there()]
        if not serving:
            raise LookupError(f"{self.name} has no implementation for {device_type}.")
        return serving[-1]
