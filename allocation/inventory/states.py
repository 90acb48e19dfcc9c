"""Where hosts and devices stand."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.roles import Role
from ledger.transitions import Edge


class HostState(StrEnum):
    """Where a host stands; silence is computed from ``last_seen_at``, not stored."""

    ENROLLED = "enrolled"
    DRAINING = "draining"
    RETIRED = "retired"


class HostAction(StrEnum):
    """What an operator can do to a host."""

    DRAIN = "drain"
    RESUME = "resume"
    RETIRE = "retire"


class DeviceState(StrEnum):
    """Where a device stands; whether it is leased is a lease row, not a state."""

    AVAILABLE = "available"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


class DeviceAction(StrEnum):
    """What can be done to a device."""

    QUARANTINE = "quarantine"
    ADMIT = "admit"
    RETIRE = "retire"


S, A = DeviceState, DeviceAction
DEVICE_EDGES: Final = (
    Edge(S.AVAILABLE, A.QUARANTINE, S.QUARANTINED, Role.OPERATOR),
    Edge(S.QUARANTINED, A.QUARANTINE, S.QUARANTINED, Role.OPERATOR),
    Edge(S.QUARANTINED, A.ADMIT, S.AVAILABLE, Role.OPERATOR),
    Edge(S.AVAILABLE, A.RETIRE, S.RETIRED, Role.OPERATOR),
    Edge(S.QUARANTINED, A.RETIRE, S.RETIRED, Role.OPERATOR),
)
H, B = HostState, HostAction
HOST_EDGES: Final = (
    Edge(H.ENROLLED, B.DRAIN, H.DRAINING, Role.OPERATOR),
    Edge(H.DRAINING, B.DRAIN, H.DRAINING, Role.OPERATOR),
    Edge(H.DRAINING, B.RESUME, H.ENROLLED, Role.OPERATOR),
    Edge(H.ENROLLED, B.RETIRE, H.RETIRED, Role.OPERATOR),
    Edge(H.DRAINING, B.RETIRE, H.RETIRED, Role.OPERATOR),
)
