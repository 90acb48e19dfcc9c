"""Placement, pure: who gets which devices now, and why everybody else waits.

The one interface that the live pass and the simulator drive; it knows neither Django nor models.
"""

from allocation.scheduler.placement.turns import (
    FreeDevice,
    Pair,
    Placed,
    Plan,
    Request,
    Snapshot,
    Waits,
    choose_gang,
    plan,
)

__all__ = ["FreeDevice", "Pair", "Placed", "Plan", "Request", "Snapshot", "Waits", "choose_gang", "plan"]
