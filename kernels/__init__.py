"""Training operations behind one registry: a checked function, its specification, and its implementations.

Needs torch alone. Import an operation from its own folder (`from kernels.rope import rope`), or go over
all of them through `kernels.registry`.
"""


def path_taken(device_type: str = "cpu") -> dict[str, str]:
    """Name the implementation of each operation that serves a kind of device here: `torch-chunked`, `c-<digest>`, ...

    A job that must resume to the same bits must find the same names again.
    """
    from kernels.registry import implementations_taken  # the registry imports every operation, and torch

    return implementations_taken(device_type)
