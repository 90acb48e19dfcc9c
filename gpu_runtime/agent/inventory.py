"""Which accelerators this host has: as NVIDIA's driver tells it, or emulated on the CPU and saying so."""

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gpu_runtime.agent.driver import HEALTHY, Driver, DriverSilent, OwnPids, report_of
from gpu_runtime.agent.nvml import NvmlDriver
from gpu_runtime.guard.order import read_paper, write_paper
from gpu_runtime.protocol.messages import DeviceReport


class InventoryUnusable(Exception):
    """The devices asked for cannot be had; `str()` says why and what to do."""


class Inventory(Protocol):
    """Where a host's devices come from."""

    def devices(self, own_pids: OwnPids) -> tuple[DeviceReport, ...]:
        """Every device as it is now. A compute process on it outside its `own_pids` is a foreign one."""


@dataclass(frozen=True, slots=True)
class EmulatedDevice:
    """An emulated device keeps its names for good, so that a receipt can be bound to it."""

    uuid: str
    serial: str
    chip_model: str


@dataclass(frozen=True, slots=True)
class EmulatedDevices:
    """All emulated devices of a host, as they are remembered."""

    devices: tuple[EmulatedDevice, ...]


class EmulatedInventory:
    """Devices that the CPU emulates. Their backend is `cpu-emulated`, their memory a share of the host's."""

    def __init__(self, path: Path, count: int, chip_model: str, serials: Sequence[str]) -> None:
        """Remember the devices at `path`; given serials replace remembered ones.

        Raises:
            InventoryUnusable: if there are not as many different serials as devices.
        """
        if serials and (len(serials) != count or len(set(serials)) != count):
            raise InventoryUnusable(f"--emulate {count} takes {count} different --serials; {len(serials)} were given")
        remembered = read_paper(EmulatedDevices, path) or EmulatedDevices(())
        kept = list(remembered.devices[:count])
        while len(kept) < count:
            kept.append(_new_device(chip_model))
        if serials:
            kept = [EmulatedDevice(old.uuid, new, chip_model) for old, new in zip(kept, serials, strict=True)]
        self._devices = tuple(EmulatedDevice(old.uuid, old.serial, chip_model) for old in kept)
        write_paper(path, EmulatedDevices(self._devices))

    def devices(self, own_pids: OwnPids) -> tuple[DeviceReport, ...]:
        """The emulated devices; nothing foreign can be on them, for nothing is."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // max(1, len(self._devices))
        return tuple(
            DeviceReport(
                uuid=device.uuid,
                serial=device.serial,
                index=index,
                chip_model=device.chip_model,
                memory_bytes=memory,
                backend="cpu-emulated",
                driver="emulated on the CPU",
                health=HEALTHY,
                foreign_pids=(),
            )
            for index, device in enumerate(self._devices)
        )


def _new_device(chip_model: str) -> EmulatedDevice:
    name = uuid.uuid4()
    return EmulatedDevice(f"EMU-{name}", f"EMU{name.hex[:12].upper()}", chip_model)


class DriverInventory:
    """Devices as their driver tells them."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def devices(self, own_pids: OwnPids) -> tuple[DeviceReport, ...]:
        """Every device that the driver tells, with what it says of its health.

        Raises:
            InventoryUnusable: if the driver has gone.
        """
        try:
            version = self._driver.version()
            found = self._driver.devices()
        except DriverSilent as error:
            raise InventoryUnusable(f"the driver stopped answering: {error}") from error
        return tuple(report_of(device, index, version, own_pids) for index, device in enumerate(found))


def nvidia_inventory() -> DriverInventory:
    """The devices of NVIDIA's driver.

    Raises:
        InventoryUnusable: where there is none.
    """
    try:
        return DriverInventory(NvmlDriver())
    except DriverSilent as error:
        raise InventoryUnusable(
            f"NVIDIA's driver does not answer ({error}); on a host without GPUs use --emulate N"
        ) from error
