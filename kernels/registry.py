"""Every operation, one row each: tests, gates, the docs table and benchmarks go over this tuple."""

from kernels import (
    adamw,
    attention,
    cross_entropy,
    launching,
    linear_cross_entropy,
    muon,
    native,
    rms_norm,
    rope,
    swiglu,
)
from kernels.row import KernelOp

REGISTRY: tuple[KernelOp, ...] = (
    rms_norm.ROW,
    rms_norm.ADD_ROW,
    rope.ROW,
    swiglu.ROW,
    cross_entropy.ROW,
    linear_cross_entropy.ROW,
    attention.ROW,
    adamw.ROW,
    muon.ROW,
)


def implementations_taken(device_type: str) -> dict[str, str]:
    """Name, for each operation, the implementation that serves a device kind: it goes into a job's receipt."""
    return {row.name: row.implementation_for(device_type).named() for row in REGISTRY}


def configurations(device_type: str) -> dict[str, object]:
    """The table of launches that kernels on a kind of device are run by; empty where they have none (C, torch)."""
    return launching.table() if device_type == "cuda" and launching.has_triton() else {}


def notes(device_type: str) -> list[str]:
    """What is missing here and makes operations slower than they could be; the log has said each once."""
    found = native.missing() if device_type == "cpu" else launching.missing()
    return [found] if found else []
