"""What time alone brings about: placements nobody claimed, hosts that fell silent, licences whose use has ended."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from allocation.dispatch import drains, ends, times
from allocation.inventory import quarantine as reasons
from allocation.inventory.hosts import stop_overdue
from allocation.inventory.models import Device
from allocation.inventory.services import quarantine_device
from allocation.inventory.silence import note_lost_attempts, note_unseen_hosts
from allocation.jobs.services import end_orphans
from allocation.jobs.states import AttemptOutcome, AttemptState
from allocation.metering.drift import check_recent_filings
from procurement.licences.services import expire_licences

SILENT: Final = """
SELECT DISTINCT a.id FROM allocation_attempt a
JOIN allocation_lease l ON l.attempt_id = a.id AND l.released_at IS NULL
WHERE a.state IN ('claimed', 'running', 'draining') AND l.charged_from IS NOT NULL AND l.expires_at < now()
ORDER BY a.id
"""
UNCLAIMED: Final = """
SELECT a.id FROM allocation_attempt a
WHERE a.state IN ('placed', 'claimed') AND a.placed_at < now() - %s * interval '1 second' ORDER BY a.id
"""


def keep_house() -> int:
    """End what time has ended. Idempotent; each attempt and licence in a transaction of its own.

    Returns:
        How many attempts were ended or drained, and draining hosts that had to be stopped.
    """
    expire_licences(now=timezone.now())
    unclaimed = [pk for pk in _ids(UNCLAIMED, [times.CLAIM_WITHIN.seconds]) if _end_unclaimed(pk)]
    silent = [pk for pk in _ids(SILENT) if _end_silent(pk)]
    note_unseen_hosts()
    check_recent_filings()
    end_orphans()
    overdue = stop_overdue()
    return len(unclaimed) + len(silent) + overdue


def _ids(query: str, values: Sequence[int] = ()) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [row[0] for row in cursor.fetchall()]


def _end_unclaimed(attempt_id: uuid.UUID) -> bool:
    """A placement that no host claimed in time goes back; a gang claimed in part is stopped first."""
    with transaction.atomic():
        attempt = ends.lock_attempt(attempt_id)
        if attempt is None or attempt.state not in (AttemptState.PLACED, AttemptState.CLAIMED):
            return False
        reason = f"No host claimed it within {times.CLAIM_WITHIN.seconds} s."
        if attempt.state == AttemptState.PLACED:
            ends.end_unclaimed(attempt, outcome=AttemptOutcome.NEVER_CLAIMED, reason=reason)
            return True
        cause = drains.Cause("job", attempt.job_id, attempt.job.reference, f"Not every host of the gang: {reason}")
        drains.begin_drain(actor=None, cause=cause, attempts=[attempt.pk], immediate=True)
        return True


def _end_silent(attempt_id: uuid.UUID) -> bool:
    """A host past its warrant and the margin is lost: its attempt is requeued, its devices wait for its report.

    The leases stay unreleased until then: time alone never frees a device.
    """
    with transaction.atomic():
        attempt = ends.lock_attempt(attempt_id)
        if attempt is None or not ends.is_live(attempt) or attempt_id not in _ids(SILENT):
            return False
        expired = Q(released_at=None, expires_at__lt=Now())
        lost = list(attempt.leases.filter(expired).values_list("device_id", flat=True))
        ends.charge_leases(attempt, leases=expired, until=F("expires_at"))
        ends.charge_leases(attempt, leases=Q(released_at=None), until=Now())
        message = "Its host fell silent and its warrant ran out."
        ends.close_attempt(attempt, ends.Closing(AttemptOutcome.HOST_LOST, message))
        for device_id in Device.objects.filter(pk__in=lost).order_by("pk").values_list("pk", flat=True):
            quarantine_device(device_id=device_id, reason=reasons.HOST_SILENT)
        note_lost_attempts(host_ids=_hosts_of(lost), attempt=attempt)
        return True


def _hosts_of(device_ids: list[uuid.UUID]) -> list[uuid.UUID]:
    return list(Device.objects.filter(pk__in=device_ids, host__isnull=False).values_list("host_id", flat=True))
