"""What bounds placement beside the chain: filings, licence lines, quotas, bookings, as they stand now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from allocation.scheduler.models import Booking, DeviceQuota, LineCap
from allocation.scheduler.placement import Line, Quota

# A filing may hold what was approved, or what a division of scarce supply gives it.
_CAPS: Final = """
SELECT f.id, LEAST(f.max_devices, COALESCE((
           SELECT s.given FROM allocation_divisionshare s JOIN allocation_division d ON d.id = s.division_id
           WHERE s.filing_id = f.id AND d.decided_at IS NOT NULL AND d.replaced_at IS NULL), f.max_devices)),
       (SELECT count(*) FROM allocation_lease l JOIN allocation_attempt a ON a.id = l.attempt_id
        JOIN allocation_job h ON h.id = a.job_id WHERE l.released_at IS NULL AND h.filing_id = f.id)
FROM procurement_filing f WHERE f.id = ANY(%s::uuid[])
"""
_LINES: Final = """
SELECT c.line_id, c.per_job, c.at_once, (
    SELECT count(*) FROM allocation_lease l
    WHERE l.released_at IS NULL AND EXISTS (
        SELECT 1 FROM allocation_lease_line s WHERE s.lease_id = l.id AND s.line_id = c.line_id))
FROM allocation_linecap c
"""


@dataclass(frozen=True)
class Limits:
    """Devices that each filing may yet hold, what each licence line allows, quotas by account, hosts booked."""

    caps: dict[str, int] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    quotas: dict[str, Quota] = field(default_factory=dict)
    bookings: tuple[tuple[str, frozenset[str], datetime, datetime], ...] = ()

    def keeps_off(self, filing: str, now: datetime, limit_s: float) -> frozenset[str]:
        """The hosts that are booked for other filings within the time that a job could run."""
        ends = now + timedelta(seconds=limit_s)
        booked = [
            hosts for whose, hosts, starts, until in self.bookings if whose != filing and starts < ends and until > now
        ]
        return frozenset().union(*booked)

    def accounts(self, organisation: str, team: str, chip: str) -> tuple[str, ...]:
        """The quotas that a team's job on a chip counts against."""
        return tuple(name for name in (f"{organisation}:{chip}", f"{team}:{chip}") if name in self.quotas)


def read_limits(filings: set[UUID], now: datetime) -> Limits:
    """Every limit, and what is left of it."""
    return Limits(filing_caps(filings), line_caps(), read_quotas(), _bookings(now))


def filing_caps(filings: set[UUID]) -> dict[str, int]:
    """How many devices each filing may yet hold at once."""
    with connection.cursor() as cursor:
        cursor.execute(_CAPS, [sorted(filings)])
        return {str(filing): most - held for filing, most, held in cursor.fetchall()}


def line_caps() -> dict[str, Line]:
    """What each capped licence line allows in one job, and how many more at once."""
    if not LineCap.objects.exists():
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LINES)
        return {
            str(line): Line(per_job=per_job, left=None if at_once is None else at_once - held)
            for line, per_job, at_once, held in cursor.fetchall()
        }


def read_quotas() -> dict[str, Quota]:
    """Every quota, by account and chip; a cohort lends within one chip."""
    found = DeviceQuota.objects.select_related("organisation", "team__organisation")
    return {
        each.account: Quota(f"{each.cohort}:{each.chip_id}", each.nominal, each.borrow_most, each.holder)
        for each in found
    }


def _bookings(now: datetime) -> tuple[tuple[str, frozenset[str], datetime, datetime], ...]:
    hosts: dict[UUID, set[str]] = defaultdict(set)
    found = live_bookings(now)
    for booking, host in found.values_list("pk", "hosts"):
        hosts[booking].add(str(host))
    rows = found.values_list("pk", "filing_id", "starts_at", "ends_at")
    return tuple((str(filing), frozenset(hosts[pk]), starts, ends) for pk, filing, starts, ends in rows)


def live_bookings(now: datetime) -> QuerySet[Booking]:
    """Bookings that are in force or to come."""
    return Booking.objects.filter(cancelled_at=None, ends_at__gt=now)
