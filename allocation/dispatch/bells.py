"""The doorbell: outbox rows that say ``host H, look at attempt A`` and nothing more."""

from __future__ import annotations

from typing import Final

from allocation.clock import wake
from allocation.jobs.models import Attempt, AttemptHost
from ledger.services import add_to_outbox

RING: Final = "ring"
BELL_TASK: Final = "writ.bell"


def queue_of(host_id: object) -> str:
    """The queue that a host's agent listens on."""
    return f"gpu.{host_id}"


def ring_hosts(attempt: Attempt, why: str) -> None:
    """Ask the relay, after commit, to ring each host of the attempt until its state has moved.

    Args:
        why: ``claim`` or ``drain``: what has to happen before the ringing ends.
    """
    for host_id in AttemptHost.objects.filter(attempt=attempt).values_list("host_id", flat=True):
        add_to_outbox(RING, {"host_id": str(host_id), "attempt_id": str(attempt.pk), "why": why})
    wake()
