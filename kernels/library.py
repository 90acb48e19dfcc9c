"""The torch.library namespace `writ`, and the two ways in which an operation enters it."""

from collections.abc import Callable
from typing import Any

import torch

from kernels.row import Implementation

NAMESPACE = "writ"
# torch does not annotate this class.
LIBRARY: Any = torch.library.Library(NAMESPACE, "DEF")  # type: ignore[no-untyped-call]


def define(schema: str, bodies: tuple[Implementation, ...], fake: Callable[..., Any]) -> None:
    """Declare an operation with its bodies and the shapes and dtypes it returns.

    Args:
        schema: the torch schema, such as `swiglu(Tensor gate, Tensor up) -> Tensor`.
        bodies: the implementations; for each dispatch key the last that names it is the one taken. One that cannot
            serve a call (no compiler, a dtype it does not know) hands it to the plain torch path by itself.
        fake: the same signature on tensors without data; returns empty tensors of the right shape.
    """
    name = schema.partition("(")[0]
    LIBRARY.define(schema)
    for key, body in {key: item.body for item in bodies for key in item.dispatch_keys}.items():
        LIBRARY.impl(name, body, key)
    torch.library.register_fake(f"{NAMESPACE}::{name}", fake, lib=LIBRARY)


def differentiate(name: str, backward: Callable[..., Any], setup_context: Callable[..., None]) -> None:
    """Give a declared operation its gradient."""
    torch.library.register_autograd(f"{NAMESPACE}::{name}", backward, setup_context=setup_context, lib=LIBRARY)
