"""The narrow port to an accelerator's driver, and what is made of its answers: health, foreign processes.

Whoever speaks to a driver fills in `DriverDevice` and nothing more; all judgement is here, and pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from gpu_runtime.guard.processes import find_process
from gpu_runtime.protocol.messages import DeviceReport

HEALTHY = "ok"
# Our processes that may compute on a device, by the device's UUID: those of the attempt that holds it, and no others.
OwnPids = Mapping[str, frozenset[int]]
NOTHING_OF_OURS: Final[OwnPids] = {}
# XID events that a faulty program brings about on a sound device. Source: NVIDIA's XID error catalogue, as its
# Kubernetes device plugin reads it: graphics engine exception, memory page fault, stopped processing, preemptive
# cleanup, video processor exception, resident channel time-out.
XIDS_OF_PROGRAMS = frozenset({13, 31, 43, 45, 68, 109})


class DriverSilent(Exception):
    """The driver does not answer; `str()` says how."""


@dataclass(frozen=True, slots=True)
class DriverDevice:
    """One accelerator in its driver's words.

    Attributes:
        uncorrected_errors: of its memory, since the driver was loaded; None where the model does not count them.
        row_remap: "" or what the driver says of memory rows that failed or wait for a reset.
        is_split: whether it is divided into instances (MIG).
        xids: numbers of the XID events that the driver reported since the agent started.
        pids: processes that compute on it, of whomever.
    """

    uuid: str
    serial: str
    name: str
    memory_bytes: int
    uncorrected_errors: int | None = None
    row_remap: str = ""
    is_split: bool = False
    xids: tuple[int, ...] = ()
    pids: tuple[int, ...] = ()


class Driver(Protocol):
    """What a driver tells of a host's accelerators."""

    def version(self) -> str:
        """The driver's version.

        Raises:
            DriverSilent: if it does not answer.
        """

    def devices(self) -> tuple[DriverDevice, ...]:
        """Every accelerator, in the driver's order.

        Raises:
            DriverSilent: if it does not answer.
        """


def report_of(device: DriverDevice, index: int, version: str, own_pids: OwnPids) -> DeviceReport:
    """One accelerator as the control plane hears of it; a compute process outside `own_pids` is foreign.

    So is a process of ours that computes on a device which its attempt does not hold.
    """
    return DeviceReport(
        uuid=device.uuid,
        serial=device.serial or device.uuid,
        index=index,
        chip_model=device.name,
        memory_bytes=device.memory_bytes,
        backend="nvml",
        driver=version,
        health=health_of(device),
        foreign_pids=tuple(sorted(set(device.pids) - own_pids.get(device.uuid, frozenset()))),
    )


def health_of(device: DriverDevice) -> str:
    """ "ok", or everything that is wrong with it. A split device is: a lease is of a whole one."""
    faults = [f"XID {number}" for number in sorted(set(device.xids) - XIDS_OF_PROGRAMS)]
    if device.uncorrected_errors:
        faults.append(f"{device.uncorrected_errors} uncorrected memory errors since the driver was loaded")
    if device.row_remap:
        faults.append(device.row_remap)
    if device.is_split:
        faults.append("it is split into instances (MIG), and Writ leases whole devices")
    return "; ".join(faults) or HEALTHY


def confirm_foreign(devices: tuple[DeviceReport, ...], own_pids: OwnPids) -> tuple[DeviceReport, ...]:
    """The same report, in which a process is foreign only if a second look still finds it alive and not ours.

    A job forks while it is looked at: what the first list of ours did not hold yet is no incident.
    """

    def is_foreign(uuid: str, pid: int) -> bool:
        found = find_process(pid)
        return pid not in own_pids.get(uuid, frozenset()) and found is not None and found.is_alive

    return tuple(
        replace(device, foreign_pids=tuple(pid for pid in device.foreign_pids if is_foreign(device.uuid, pid)))
        for device in devices
    )
