"""The ways in which an operation may run, and when each is there to be taken."""

import contextlib
import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Any

import torch

from kernels import launching, native
from kernels.row import Implementation

TORCH_PATH_KEYS = ("CPU", "CUDA")


def torch_path(body: Callable[..., Any]) -> Implementation:
    """Chunked plain torch: serves the CPU, and CUDA wherever no kernel is written or can be had."""
    return Implementation("torch-chunked", TORCH_PATH_KEYS, body)


def c_path(body: Callable[..., Any]) -> Implementation:
    """C on the CPU, built once for the machine. Its body takes the torch path by itself where C does not serve."""
    return Implementation("c", ("CPU",), body, native.is_loaded, native.name)


def triton_path(module: str, name: str, otherwise: Callable[..., Any]) -> Implementation:
    """Triton on CUDA, imported at the first call; `otherwise` serves where there is no Triton.

    Args:
        module: the module that holds the launch, such as `kernels.swiglu.triton_kernel`.
        name: the launch's name in it; it hands what it cannot take (float64) to the torch path by itself.
        otherwise: the torch path.
    """

    def body(*args: Any) -> Any:
        if not launching.has_triton():
            return otherwise(*args)
        launch = getattr(importlib.import_module(module), name)
        first = args[0] if isinstance(args[0], torch.Tensor) else next(iter(args[0]), None)
        # Triton launches on the present device, which need not be the tensors'.
        with _on_device_of(first):
            return launch(*args)

    return Implementation("triton", ("CUDA",), body, launching.has_triton, _triton_name)


def _on_device_of(tensor: torch.Tensor | None) -> contextlib.AbstractContextManager[None]:
    if tensor is None or tensor.device.type != "cuda":
        return contextlib.nullcontext()
    device: contextlib.AbstractContextManager[None] = torch.cuda.device(tensor.device)
    return device


def _triton_name() -> str:
    return f"triton-{importlib.metadata.version('triton')}"
