"""Why a device stands in quarantine, and which reasons pass by themselves when its host reports it well."""

from __future__ import annotations

from typing import Final

from allocation.inventory.models import Device
from allocation.inventory.states import DeviceState

NOT_REPORTED: Final = "No host has reported it yet."
HOST_SILENT: Final = "Its host fell silent; it waits until the host reports that no process is left."
NOT_CLEAR: Final = "Its host has not reported yet that no process is left on it."
UNHEALTHY: Final = "Unhealthy: "
UNLICENSED: Final = "Unlicensed: no line of both authorities covers it."
MOVED: Final = "At another site than its licences allow: "
FOREIGN: Final = "A process outside any lease runs on it: "
MISSING: Final = "Its host no longer reports it."
DUPLICATE: Final = "Its serial is reported twice: "
WRONG_PRODUCT: Final = "It is another product than was received: "
# Teams read it in their chain and never learn of lists from it; officers read more in the incident.
LISTED: Final = "The compliance office has set it apart."

_PASSING: Final = (NOT_REPORTED, HOST_SILENT, NOT_CLEAR, UNHEALTHY)


def is_passing(device: Device) -> bool:
    """Whether a good report of its host ends the quarantine, without any person's act."""
    return device.state == DeviceState.QUARANTINED and device.quarantine_reason.startswith(_PASSING)
