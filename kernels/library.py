"""The torch.library namespace `writ`, and the two ways in which an operation enters it."""

from collections.abc import Callable
from typing import Any

import torch

NAMESPACE = "writ"
# torch does not annotate this class.
LIBRARY: Any = torch.library.Library(NAMESPACE, "DEF")  # type: ignore[no-untyped-call]

# The chunked torch path is plain torch: it serves the CPU, and CUDA wherever no kernel is written for it.
TORCH_PATH_KEYS = ("CPU", "CUDA")


def define(schema: str, body: Callable[..., Any], fake: Callable[..., Any]) -> None:
    """Declare an operation with its body and the shapes and dtypes it returns.

    Args:
        schema: the torch schema, such as `swiglu(Tensor gate, Tensor up) -> Tensor`.
        body: the implementation, in plain torch.
        fake: the same signature on tensors without data; returns empty tensors of the right shape.
    """
    name = schema.partition("(")[0]
    LIBRARY.define(schema)
    for key in TORCH_PATH_KEYS:
        LIBRARY.impl(name, body, key)
    torch.library.register_fake(f"{NAMESPACE}::{name}", fake, lib=LIBRARY)


def differentiate(name: str, backward: Callable[..., Any], setup_context: Callable[..., None]) -> None:
    """Give a declared operation its gradient."""
    torch.library.register_autograd(f"{NAMESPACE}::{name}", backward, setup_context=setup_context, lib=LIBRARY)
