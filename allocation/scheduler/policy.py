"""What operators and officers set: weights, quotas, rules, priorities, bookings, caps of lines; each in the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import Organisation, Team
from accounts.permissions import Act
from allocation.clock import database_now, wake
from allocation.inventory.models import Host
from allocation.inventory.states import HostState
from allocation.jobs.models import Job
from allocation.jobs.states import JobState
from allocation.scheduler.models import (
    Booking,
    DeviceQuota,
    FilingPriority,
    JobPriority,
    LineCap,
    Priority,
    SchedulerRules,
    ShareWeight,
)
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import next_reference, record
from procurement.catalog.models import ChipModel
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.licences.models import LicenceLine

WEIGHT_MOST: Final = 1000
REASON_MOST: Final = 300
_RULES: Final = ("half_life_hours", "bound_hours", "may_preempt", "quantum_minutes", "stops_most")


@dataclass(frozen=True)
class QuotaWords:
    """What a quota says: whose, of which chip, in which cohort, how many are due, how many more may be borrowed."""

    account: Organisation | Team
    chip: ChipModel
    cohort: str
    nominal: int
    borrow_most: int | None = None


@dataclass(frozen=True)
class BookingWords:
    """Which hosts are kept for which filing, from when to when, and why."""

    filing: Filing
    hosts: Sequence[Host]
    starts_at: datetime
    ends_at: datetime
    reason: str


def set_weight(*, actor: Actor, account: Organisation | Team, weight: int) -> ShareWeight:
    """Say how much of what its siblings share an organisation or team is due."""
    actor.require(Act.RUN_SCHEDULER)
    if not 1 <= weight <= WEIGHT_MOST:
        raise InvalidInput(f"A weight is from 1 to {WEIGHT_MOST}.", field="weight")
    with transaction.atomic():
        row, _ = ShareWeight.objects.update_or_create(**_named(account), defaults={"weight": weight})
        record("share_weight.set", row, actor=actor, facts={"account": str(account), "weight": weight})
        wake()
    return row


def set_quota(*, actor: Actor, words: QuotaWords) -> DeviceQuota:
    """Say how many devices of a chip an account is due; the same account and chip again changes it."""
    actor.require(Act.RUN_SCHEDULER)
    cohort = words.cohort.strip()
    if not cohort:
        raise InvalidInput("Name the cohort whose members lend to each other.", field="cohort")
    with transaction.atomic():
        values = {"cohort": cohort, "nominal": words.nominal, "borrow_most": words.borrow_most}
        row, _ = DeviceQuota.objects.update_or_create(**_named(words.account), chip=words.chip, defaults=values)
        facts = {"account": str(words.account), "chip": words.chip.slug, **values}
        record("device_quota.set", row, actor=actor, facts=facts)
        wake()
    return row


def drop_quota(*, actor: Actor, quota_id: uuid.UUID) -> None:
    """Take a quota away: its account is then bounded by nobody else's."""
    actor.require(Act.RUN_SCHEDULER)
    with transaction.atomic():
        row = DeviceQuota.objects.select_for_update().get(pk=quota_id)
        facts = {"account": row.holder, "chip": row.chip.slug, "cohort": row.cohort, "nominal": row.nominal}
        record("device_quota.dropped", row, actor=actor, facts=facts)
        row.delete()
        wake()


def set_rules(*, actor: Actor, values: dict[str, Any]) -> SchedulerRules:
    """Change the rules of the scheduler."""
    actor.require(Act.RUN_SCHEDULER)
    if values["half_life_hours"] < 1 or values["bound_hours"] < 1:
        raise InvalidInput("The half-life and the bound of waiting are at least an hour.", field="bound_hours")
    with transaction.atomic():
        row, _ = SchedulerRules.objects.update_or_create(pk=1, defaults={name: values[name] for name in _RULES})
        record("scheduler_rules.set", row, actor=actor, facts={name: values[name] for name in _RULES})
        wake()
    return row


def prioritise_job(*, actor: Actor, job_id: uuid.UUID, priority: Priority, reason: str) -> JobPriority:
    """Say how urgent one job is, with the reason.

    Raises:
        ComplianceRefusal: it has ended.
    """
    actor.require(Act.RUN_SCHEDULER)
    said = _said(reason)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job_id)
        if job.state not in (JobState.WAITING, JobState.RUNNING):
            raise ComplianceRefusal(f"{job.reference} has ended.")
        row, _ = JobPriority.objects.update_or_create(job=job, defaults={"priority": priority})
        record("job.prioritised", job, actor=actor, facts={"priority": int(priority), "reason": said})
        wake()
    return row


def prioritise_filing(*, actor: Actor, filing_id: uuid.UUID, priority: Priority, reason: str) -> FilingPriority:
    """Say how urgent the jobs of a filing are, with the reason; a job's own priority goes before it."""
    actor.require(Act.RUN_SCHEDULER)
    said = _said(reason)
    with transaction.atomic():
        filing = Filing.objects.get(pk=filing_id)
        row, _ = FilingPriority.objects.update_or_create(filing=filing, defaults={"priority": priority})
        record("filing.prioritised", filing, actor=actor, facts={"priority": int(priority), "reason": said})
        wake()
    return row


def book_hosts(*, actor: Actor, words: BookingWords) -> Booking:
    """Keep hosts for one filing's jobs: from now on nothing else is placed there that could still run then.

    What runs there already runs on, at most to its time limit.

    Raises:
        InvalidInput: the time is over or empty, a host is retired, or another booking overlaps.
    """
    actor.require(Act.RUN_SCHEDULER)
    reason = _said(words.reason)
    if words.ends_at <= words.starts_at or words.ends_at <= database_now():
        raise InvalidInput("A booking ends after it starts, and in the future.", field="ends_at")
    if words.filing.state != FilingState.APPROVED:
        raise InvalidInput(f"{words.filing.reference} is not approved.", field="filing")
    with transaction.atomic():
        hosts = list(Host.objects.select_for_update().filter(pk__in=[host.pk for host in words.hosts]).order_by("pk"))
        _check_hosts(hosts, words)
        row = Booking.objects.create(
            reference=next_reference("BKG"),
            filing=words.filing,
            starts_at=words.starts_at,
            ends_at=words.ends_at,
            reason=reason,
        )
        row.hosts.set(hosts)
        times = {"starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat()}
        facts = {"filing": words.filing.reference, "hosts": sorted(host.name for host in hosts), "reason": reason}
        record("booking.made", row, actor=actor, facts={**facts, **times})
        wake()
    return row


def _check_hosts(hosts: list[Host], words: BookingWords) -> None:
    if not hosts or any(host.state == HostState.RETIRED for host in hosts):
        raise InvalidInput("Choose hosts that are in service.", field="hosts")
    taken = Booking.objects.filter(
        cancelled_at=None, hosts__in=hosts, starts_at__lt=words.ends_at, ends_at__gt=words.starts_at
    )
    other = taken.order_by("starts_at").first()
    if other is not None:
        words_of = (
            f"{other.reference} has one of them from {other.starts_at:%d %b %H:%M} to {other.ends_at:%d %b %H:%M}"
        )
        raise InvalidInput(f"{words_of} UTC.", field="hosts")


def cancel_booking(*, actor: Actor, booking_id: uuid.UUID) -> Booking:
    """Give booked hosts back; a second call changes nothing."""
    actor.require(Act.RUN_SCHEDULER)
    with transaction.atomic():
        row = Booking.objects.select_for_update().get(pk=booking_id)
        if row.cancelled_at is None:
            Booking.objects.filter(pk=row.pk).update(cancelled_at=Now())
            record("booking.cancelled", row, actor=actor)
            wake()
    return Booking.objects.get(pk=booking_id)


def cap_line(
    *, actor: Actor, line_id: uuid.UUID, per_job: int | None, at_once: int | None, basis: str
) -> LineCap | None:
    """Put down what a licence line allows beyond its quantity; neither of the two takes the cap away.

    What runs beyond a new cap runs on: a cap bounds what starts.
    """
    actor.require(Act.RECORD_LICENCE)
    said = _said(basis, field="basis", most=500)
    with transaction.atomic():
        line = LicenceLine.objects.select_for_update(of=("self",)).select_related("licence").get(pk=line_id)
        facts = {"line": line.number, "per_job": per_job, "at_once": at_once, "basis": said}
        record("licence.capped", line.licence, actor=actor, facts=facts)
        wake()
        if per_job is None and at_once is None:
            LineCap.objects.filter(line=line).delete()
            return None
        values = {"per_job": per_job, "at_once": at_once, "basis": said}
        row, _ = LineCap.objects.update_or_create(line=line, defaults=values)
    return row


def _named(account: Organisation | Team) -> dict[str, Any]:
    return {"organisation": account} if isinstance(account, Organisation) else {"team": account}


def _said(text: str, *, field: str = "reason", most: int = REASON_MOST) -> str:
    said = text.strip()
    if not said or len(said) > most:
        raise InvalidInput(f"Please say why, in up to {most} letters.", field=field)
    return said
