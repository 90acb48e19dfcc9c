"""The energy that GPUs have drawn, by the driver's own counter. Standard library only: NVML is called by ctypes.

Source: NVIDIA, NVML API reference, nvmlDeviceGetTotalEnergyConsumption (millijoules since the driver was loaded; Volta
and newer).
"""

import ctypes
from collections.abc import Sequence

LIBRARY = "libnvidia-ml.so.1"
SUCCESS = 0


class EnergyCounter:
    """Joules drawn by some devices; where they cannot be had, `fault` says why."""

    def __init__(self, uuids: Sequence[str]) -> None:
        """Find the devices.

        Args:
            uuids: as the driver names them, `GPU-…`; none where devices are emulated.
        """
        self.fault, self._handles = "", []
        self._library = _loaded()
        if not uuids:
            self.fault = "no GPU takes part"
        elif self._library is None:
            self.fault = f"{LIBRARY} cannot be loaded: no NVIDIA driver is here"
        else:
            self._handles = [self._handle(uuid) for uuid in uuids]

    def joules(self) -> float | None:
        """Joules since the driver was loaded, over all devices; None where they cannot be had."""
        total = 0
        for handle in self._handles if not self.fault else ():
            counted = ctypes.c_ulonglong()
            self._check("nvmlDeviceGetTotalEnergyConsumption", handle, ctypes.byref(counted))
            total += counted.value
        return None if self.fault else total / 1000

    def _handle(self, uuid: str) -> ctypes.c_void_p:
        handle = ctypes.c_void_p()
        self._check("nvmlInit_v2")
        self._check("nvmlDeviceGetHandleByUUID", uuid.encode(), ctypes.byref(handle))
        return handle

    def _check(self, name: str, *arguments: object) -> None:
        code = getattr(self._library, name)(*arguments)
        if code != SUCCESS and not self.fault:
            self.fault = f"{name} answered {code}"


def _loaded() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(LIBRARY)
    except OSError:
        return None
