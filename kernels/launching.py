"""Triton launches: the table of configurations, named in receipts, and what a kernel is compiled for ahead of time.

Nothing is tuned at run time. A row of the table says how a kernel runs on rows of a width; the ahead-of-time check
compiles every row and holds it to its limits.
"""

import functools
import importlib.util
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

LOG = logging.getLogger("kernels")
TRITON_DTYPES = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}


@dataclass(frozen=True)
class Config:
    """How a kernel runs: elements a program handles at once, and its warps."""

    block: int
    warps: int


@dataclass(frozen=True)
class CompiledForm:
    """One specialisation that is checked ahead of time.

    Attributes:
        kernel: the Triton function.
        types: its arguments' types in order (`*bf16`, `i32`, `fp32`), "constexpr" where `constants` fixes them.
        constants: the compile-time arguments.
        warps: as launched.
        loads_128_bit: whether its memory accesses must be 16 bytes a thread.
        stack_bytes: spilled bytes that are known and accepted.
    """

    kernel: Any
    types: Mapping[str, str]
    constants: Mapping[str, Any] = field(default_factory=dict)
    warps: int = 4
    loads_128_bit: bool = True
    stack_bytes: int = 0


# A whole row in registers: (widest row, warps). Wider rows spill, and are left to the torch path.
ROW_WARPS = ((1024, 4), (2048, 4), (4096, 8), (8192, 16))
WIDEST_ROW = ROW_WARPS[-1][0]
ELEMENTWISE = Config(block=1024, warps=4)
VOCABULARY = Config(block=4096, warps=8)
ADAMW = Config(block=1024, warps=4)


def row_config(width: int) -> Config:
    """How rows of `width` elements, at most WIDEST_ROW, are handled in one piece."""
    block = max(128, 1 << max(0, width - 1).bit_length())
    return Config(block, next(warps for limit, warps in ROW_WARPS if block <= limit))


def row_widths() -> Iterator[int]:
    """The widest row of each bucket of the table."""
    return (limit for limit, _warps in ROW_WARPS)


MISSING = "Triton is not installed: the chunked torch path serves the GPU (slower)."


@functools.cache
def has_triton() -> bool:
    """Whether Triton can be imported; where CUDA is and Triton is not, the log says once what that costs."""
    found = importlib.util.find_spec("triton") is not None
    if not found and torch.cuda.is_available():
        LOG.warning("kernels: %s", MISSING)
    return found


def missing() -> str:
    """What a receipt says where Triton is not; nothing where it is."""
    return "" if has_triton() else MISSING


def table() -> dict[str, object]:
    """The configurations as a receipt names them."""
    return {
        "row_warps": [list(row) for row in ROW_WARPS], "elementwise": asdict(ELEMENTWISE),
        "vocabulary": asdict(VOCABULARY), "adamw": asdict(ADAMW),
    }  # fmt: skip
