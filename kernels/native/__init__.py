"""The C library behind the CPU path: built at the first call, loaded by ctypes, one symbol a call and dtype.

Where it cannot be had (no compiler, no folder to keep it in) the chunked torch path serves instead; the log says so
once, and `kernels.path_taken` names which of the two it was. The answer does not change while the process lives.
"""

import ctypes
import functools
import logging
import os
from typing import Any

import torch
from torch import Tensor

from kernels.native import build

LOG = logging.getLogger("kernels")
# Set to "torch" to go without the C library: a job resumed on a machine without a compiler needs the same path.
PATH_VARIABLE = "WRIT_KERNEL_PATH"
SUFFIXES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}

POINTER, WHOLE, REAL, FLAG = ctypes.c_void_p, ctypes.c_int64, ctypes.c_float, ctypes.c_int
SIGNATURES: dict[str, tuple[Any, ...]] = {
    "rms_norm_forward": (
        POINTER, WHOLE, POINTER, WHOLE, POINTER, POINTER, POINTER, POINTER, WHOLE, WHOLE, REAL, FLAG,
    ),
    "rms_norm_backward": (
        POINTER, WHOLE, POINTER, WHOLE, POINTER, POINTER, POINTER, POINTER, POINTER, POINTER, WHOLE, WHOLE, WHOLE, FLAG,
    ),
    "swiglu_forward": (POINTER, WHOLE, POINTER, WHOLE, POINTER, WHOLE, WHOLE, FLAG),
    "swiglu_backward": (
        POINTER, WHOLE, POINTER, WHOLE, POINTER, WHOLE, POINTER, POINTER, WHOLE, WHOLE, FLAG,
    ),
    "rope_rotate": (
        POINTER, WHOLE, WHOLE, WHOLE, POINTER, POINTER, POINTER, WHOLE, WHOLE, WHOLE, WHOLE, REAL, FLAG,
    ),
    "cross_entropy_count": (POINTER, POINTER, WHOLE, WHOLE, WHOLE, POINTER),
    "cross_entropy": (
        POINTER, WHOLE, POINTER, POINTER, POINTER, POINTER, REAL, POINTER, WHOLE, REAL, REAL, REAL, WHOLE, WHOLE, FLAG,
    ),
    "adamw": (
        WHOLE, POINTER, POINTER, POINTER, POINTER, POINTER, POINTER, REAL, REAL, REAL, REAL, REAL, REAL, REAL, FLAG,
    ),
    "sum_of_squares": (WHOLE, POINTER, POINTER, POINTER, FLAG),
}  # fmt: skip
RESULTS: dict[str, Any] = {"cross_entropy_count": ctypes.c_int64, "sum_of_squares": ctypes.c_double}


@functools.cache
def _opened() -> tuple[ctypes.CDLL | None, str]:
    """The library, or None and why; the log says it once."""
    if os.environ.get(PATH_VARIABLE) == "torch":
        note = f"{PATH_VARIABLE}=torch: the chunked torch path serves the CPU."
        LOG.info("kernels: %s", note)
        return None, note
    try:
        return ctypes.CDLL(str(build.find_or_build())), ""
    except (build.BuildFaultError, OSError) as fault:
        note = f"no C library, the chunked torch path serves the CPU (slower): {fault}."
        LOG.warning("kernels: %s", note)
        return None, note


def missing() -> str:
    """What a receipt says where there is no library; nothing where there is."""
    return _opened()[1]


@functools.cache
def library() -> ctypes.CDLL | None:
    """The loaded library, or None where there is none; the first call builds it."""
    loaded = _opened()[0]
    if loaded is None:
        return None
    for name, arguments in SIGNATURES.items():
        for suffix in SUFFIXES.values():
            symbol = getattr(loaded, f"{name}_{suffix}")
            symbol.argtypes, symbol.restype = arguments, RESULTS.get(name)
    return loaded


def is_loaded() -> bool:
    """Whether the C library serves this process."""
    return library() is not None


def name() -> str:
    """What a receipt calls this path: `c-` and the digest of sources, options and processor."""
    return f"c-{build.digest()}"


def serves(*tensors: Tensor) -> bool:
    """Whether C serves these: float32 or bfloat16, all alike, where the library is."""
    dtype = tensors[0].dtype
    return dtype in SUFFIXES and all(tensor.dtype == dtype for tensor in tensors) and is_loaded()


@functools.cache
def symbol(operation: str, dtype: torch.dtype) -> Any:
    """The C function of an operation for a dtype that `serves` has said yes to."""
    return getattr(library(), f"{operation}_{SUFFIXES[dtype]}")


def rows_of(x: Tensor) -> Tensor:
    """x as [rows, width], its rows each contiguous; a copy only where its strides do not allow a view."""
    flat = x.reshape(-1, x.shape[-1]) if x.numel() else x.new_empty(0, x.shape[-1])
    return flat if flat.stride(1) == 1 or flat.shape[1] == 1 else flat.contiguous()


def threads() -> int:
    """As many as torch uses."""
    return torch.get_num_threads()
