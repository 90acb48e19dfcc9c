"""NVIDIA's driver through its management library (NVML, nvidia-ml-py): the `Driver` of a host with NVIDIA devices."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pynvml

from gpu_runtime.agent.driver import DriverDevice, DriverSilent

EVENTS_MOST = 256


class NvmlDriver:
    """Asks the library; what a model does not support counts as not told."""

    def __init__(self) -> None:
        """Open the library and listen for XID events.

        Raises:
            DriverSilent: where there is no driver.
        """
        try:
            pynvml.nvmlInit()
            self._events = pynvml.nvmlEventSetCreate()
            for index in range(pynvml.nvmlDeviceGetCount()):
                self._listen_to(pynvml.nvmlDeviceGetHandleByIndex(index))
        except pynvml.NVMLError as error:
            raise DriverSilent(str(error)) from error
        self._xids: dict[str, set[int]] = defaultdict(set)

    def version(self) -> str:
        """The driver's version."""
        try:
            return _text(pynvml.nvmlSystemGetDriverVersion())
        except pynvml.NVMLError as error:
            raise DriverSilent(str(error)) from error

    def devices(self) -> tuple[DriverDevice, ...]:
        """Every device that the driver tells."""
        try:
            self._take_events()
            return tuple(self._device(index) for index in range(pynvml.nvmlDeviceGetCount()))
        except pynvml.NVMLError as error:
            raise DriverSilent(str(error)) from error

    def _listen_to(self, handle: Any) -> None:
        _asked(
            lambda device: pynvml.nvmlDeviceRegisterEvents(
                device, pynvml.nvmlEventTypeXidCriticalError, self._events
            ),
            handle,
        )

    def _take_events(self) -> None:
        """Note every XID event since the last look. They stand until the agent starts anew: a person resets."""
        for _ in range(EVENTS_MOST):
            try:
                event = pynvml.nvmlEventSetWait_v2(self._events, 0)
            except (pynvml.NVMLError_Timeout, pynvml.NVMLError_NotSupported):
                return
            self._xids[_text(pynvml.nvmlDeviceGetUUID(event.device))].add(int(event.eventData))

    def _device(self, index: int) -> DriverDevice:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        uuid = _text(pynvml.nvmlDeviceGetUUID(handle))
        return DriverDevice(
            uuid=uuid,
            serial=_text(_asked(pynvml.nvmlDeviceGetSerial, handle) or ""),
            name=_text(pynvml.nvmlDeviceGetName(handle)),
            memory_bytes=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
            uncorrected_errors=_asked(_uncorrected_errors, handle),
            row_remap=_row_remap(_asked(pynvml.nvmlDeviceGetRemappedRows, handle)),
            is_split=(_asked(pynvml.nvmlDeviceGetMigMode, handle) or [0])[0] == pynvml.NVML_DEVICE_MIG_ENABLE,
            xids=tuple(sorted(self._xids.get(uuid, ()))),
            pids=tuple(process.pid for process in pynvml.nvmlDeviceGetComputeRunningProcesses(handle)),
        )


def _uncorrected_errors(handle: Any) -> int:
    return int(
        pynvml.nvmlDeviceGetTotalEccErrors(
            handle, pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, pynvml.NVML_VOLATILE_ECC
        )
    )


def _row_remap(rows: tuple[int, int, int, int] | None) -> str:
    """What (corrected, uncorrected, pending, failed) means for the device's use."""
    if rows is None:
        return ""
    if rows[3]:
        return "a memory row could not be remapped: the device has to be replaced"
    return "memory rows wait to be remapped: the device has to be reset" if rows[2] else ""


def _asked(question: Callable[[Any], Any], handle: Any) -> Any:
    """An answer that not every model gives; None where this one does not."""
    try:
        return question(handle)
    except pynvml.NVMLError_NotSupported:
        return None


def _text(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
