"""GPU time: granted by a decision, reserved for an attempt, settled once with what its leases used."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from allocation.grants.models import Grant, Reservation
from allocation.jobs.models import Attempt
from ledger.errors import ComplianceRefusal
from ledger.services import next_reference, record
from procurement.filings.models import Filing
from procurement.review.models import Decision

# Each lease is charged from the claim to its end, in whole milliseconds, rounded up once.
CHARGED: Final = """
SELECT COALESCE(SUM(CEIL(EXTRACT(EPOCH FROM charged_until - charged_from) * 1000)), 0)::bigint
FROM allocation_lease WHERE attempt_id = %s AND charged_until IS NOT NULL
"""


def open_grant(*, filing_id: uuid.UUID, decision_id: uuid.UUID, granted_ms: int) -> Grant:
    """Open the grant of an approved filing; the same decision opens it once."""
    with transaction.atomic():
        known = Grant.objects.filter(decision=decision_id).first()
        if known is not None:
            return known
        filing = Filing.objects.get(pk=filing_id)
        decision = Decision.objects.get(pk=decision_id)
        grant = Grant.objects.create(
            reference=next_reference("GRA"),
            filing=filing,
            decision=decision,
            chip_id=filing.chip_id,
            granted_ms=granted_ms,
            starts_on=filing.starts_on,
            ends_on=min(filing.ends_on, decision.valid_until or filing.ends_on),
        )
        facts = {"filing": filing.reference, "granted_ms": granted_ms, "ends_on": grant.ends_on.isoformat()}
        record("grant.opened", grant, facts=facts)
    return grant


def revoke_grants(*, filing_id: uuid.UUID, reason: str) -> None:
    """End what a filing may still use; what was used stays on record."""
    with transaction.atomic():
        for grant in Grant.objects.select_for_update().filter(filing=filing_id, revoked_at=None).order_by("pk"):
            Grant.objects.filter(pk=grant.pk).update(revoked_at=Now())
            record("grant.revoked", grant, facts={"reason": reason})


def reserve(*, attempt: Attempt, grant_id: uuid.UUID, reserved_ms: int) -> Reservation:
    """Set GPU time aside for an attempt, in the caller's transaction.

    Raises:
        ComplianceRefusal: the grant has less than that left, or has been revoked.
    """
    taken = Grant.objects.filter(
        pk=grant_id, revoked_at=None, granted_ms__gte=F("reserved_ms") + F("used_ms") + reserved_ms
    ).update(reserved_ms=F("reserved_ms") + reserved_ms)
    if not taken:
        raise ComplianceRefusal(f"The grant has less than {reserved_ms} GPU-milliseconds left.")
    return Reservation.objects.create(attempt=attempt, grant_id=grant_id, reserved_ms=reserved_ms)


def settle(*, attempt: Attempt) -> int:
    """Charge an ended attempt's leases to its grant and give the rest back; a second call changes nothing.

    Returns:
        GPU-milliseconds charged.
    """
    with transaction.atomic():
        reservation = Reservation.objects.select_for_update().get(attempt=attempt)
        if reservation.charged_ms is not None:
            return reservation.charged_ms
        charged_ms = min(_used_ms(attempt), reservation.reserved_ms)
        Reservation.objects.filter(pk=reservation.pk).update(charged_ms=charged_ms, settled_at=Now())
        Grant.objects.filter(pk=reservation.grant_id).update(
            reserved_ms=F("reserved_ms") - reservation.reserved_ms, used_ms=F("used_ms") + charged_ms
        )
        facts = {"reserved_ms": reservation.reserved_ms, "charged_ms": charged_ms, "grant": str(reservation.grant_id)}
        record("attempt.settled", attempt, facts=facts)
    return charged_ms


def _used_ms(attempt: Attempt) -> int:
    with connection.cursor() as cursor:
        cursor.execute(CHARGED, [attempt.pk])
        found: int = cursor.fetchone()[0]
    return found
