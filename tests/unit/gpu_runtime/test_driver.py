"""What is made of a driver's answers, without any driver: health, serials, and which processes are foreign."""

import os
from dataclasses import dataclass

import pytest

from gpu_runtime.agent.driver import NOTHING_OF_OURS, DriverDevice, DriverSilent, confirm_foreign, health_of, report_of
from gpu_runtime.agent.inventory import DriverInventory, InventoryUnusable

WELL = DriverDevice(uuid="GPU-1", serial="SN-1", name="NVIDIA H200", memory_bytes=141 * 10**9, uncorrected_errors=0)


@dataclass
class PaperDriver:
    """A driver of no device but those written down."""

    told: tuple[DriverDevice, ...]
    is_silent: bool = False

    def version(self) -> str:
        if self.is_silent:
            raise DriverSilent("gone")
        return "570.1"

    def devices(self) -> tuple[DriverDevice, ...]:
        return self.told


def changed(**values: object) -> DriverDevice:
    from dataclasses import replace

    return replace(WELL, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (WELL, "ok"),
        (changed(uncorrected_errors=None), "ok"),
        (changed(uncorrected_errors=3), "3 uncorrected memory errors"),
        (changed(xids=(79,)), "XID 79"),
        (changed(xids=(13, 31, 43, 45, 68, 109)), "ok"),
        (changed(xids=(48, 13)), "XID 48"),
        (changed(row_remap="a memory row could not be remapped"), "could not be remapped"),
        (changed(is_split=True), "MIG"),
    ],
)
def test_health_says_what_is_wrong_and_ignores_what_programs_cause(device: DriverDevice, words: str) -> None:
    assert words in health_of(device)
    assert (health_of(device) == "ok") is (words == "ok")


def test_device_without_a_serial_goes_by_its_uuid() -> None:
    assert report_of(changed(serial=""), 0, "1", NOTHING_OF_OURS).serial == "GPU-1"


def test_process_outside_the_leases_is_foreign_and_ours_is_not() -> None:
    inventory = DriverInventory(PaperDriver((changed(pids=(10, 11)),)))
    (told,) = inventory.devices({"GPU-1": frozenset({10})})
    assert (told.foreign_pids, told.driver, told.backend) == ((11,), "570.1", "nvml")


def test_process_that_a_second_look_finds_gone_or_ours_is_not_foreign() -> None:
    me, parent, gone = os.getpid(), os.getppid(), 2**22 + 1
    told = report_of(changed(pids=(me, parent, gone)), 0, "1", NOTHING_OF_OURS)
    (confirmed,) = confirm_foreign((told,), {"GPU-1": frozenset({parent})})
    assert confirmed.foreign_pids == (me,)


def test_process_of_ours_on_a_device_that_it_does_not_hold_is_foreign_there_alone() -> None:
    me = os.getpid()
    mine, others, idle = (changed(uuid=uuid, serial=uuid, pids=(me,)) for uuid in ("GPU-1", "GPU-2", "GPU-3"))
    own = {"GPU-1": frozenset({me}), "GPU-2": frozenset({os.getppid()})}
    told = DriverInventory(PaperDriver((mine, others, idle))).devices(own)
    assert [device.foreign_pids for device in told] == [(), (me,), (me,)]
    assert [device.foreign_pids for device in confirm_foreign(told, own)] == [(), (me,), (me,)]


def test_driver_that_has_gone_makes_the_inventory_unusable() -> None:
    with pytest.raises(InventoryUnusable, match="gone"):
        DriverInventory(PaperDriver((), is_silent=True)).devices(NOTHING_OF_OURS)
