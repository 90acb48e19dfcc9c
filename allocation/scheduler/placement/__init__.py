"""Placement, pure: who gets which devices now, and why everybody else waits.

The one interface that the live pass and the simulator drive; it knows neither Django nor models.
"""

from allocation.scheduler.placement.desk import Desk
from allocation.scheduler.placement.gang import choose_gang
from allocation.scheduler.placement.model import (
    FreeDevice,
    Line,
    Pair,
    Placed,
    Plan,
    Quota,
    Request,
    Running,
    Snapshot,
    Stops,
    Waits,
)
from allocation.scheduler.placement.turns import open_desk, plan

__all__ = [
    "Desk",
    "FreeDevice",
    "Line",
    "Pair",
    "Placed",
    "Plan",
    "Quota",
    "Request",
    "Running",
    "Snapshot",
    "Stops",
    "Waits",
    "choose_gang",
    "open_desk",
    "plan",
]
