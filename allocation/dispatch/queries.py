"""What pages and hosts ask of dispatch: bells, what a suspension would stop, and drains as they go."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet, Sum

from allocation.chain.models import AttemptLink
from allocation.dispatch.models import Drain, DrainItem
from allocation.grants.models import Reservation
from allocation.inventory.models import Device, Host
from allocation.inventory.queries import bound_to
from allocation.jobs.models import Attempt, AttemptHost, Job
from allocation.jobs.states import AttemptState, JobState
from procurement.filings.models import Filing
from procurement.licences.models import Licence


def bells_of(host: Host) -> tuple[str, ...]:
    """The attempts placed on a host that it has not claimed yet."""
    waiting = AttemptHost.objects.filter(
        host=host, claim_nonce="", attempt__state__in=[AttemptState.PLACED, AttemptState.CLAIMED]
    )
    return tuple(str(pk) for pk in waiting.order_by("attempt__placed_at").values_list("attempt_id", flat=True))


@dataclass(frozen=True)
class WhatIf:
    """What would stop if a link broke now: a licence, a filing, somebody's access.

    Attributes:
        jobs: jobs that run on it. waiting: jobs that could no longer start.
        teams: names of the teams of both. gpu_ms: reserved GPU-milliseconds that the running ones still hold.
        orders: references of the orders whose shipments would stop.
    """

    jobs: tuple[Job, ...]
    waiting: tuple[Job, ...]
    teams: tuple[str, ...]
    gpu_ms: int
    orders: tuple[str, ...]


def what_would_stop_licence(licence: Licence) -> WhatIf:
    """Everything that hangs on a licence now, read from the links that attempts were admitted on."""
    devices = Device.objects.filter(bound_to(licence))
    waiting = Job.objects.filter(chip__devices__in=devices, filing__order=licence.order_id)
    return _what_if("licence", [licence.pk], waiting, orders=(licence.order.reference,))


def what_would_stop_filing(filing: Filing) -> WhatIf:
    """Everything that hangs on a filing's approval now."""
    return _what_if("filing", [filing.pk], Job.objects.filter(filing=filing))


def what_would_stop_memberships(memberships: Collection[uuid.UUID]) -> WhatIf:
    """Everything that was submitted by some memberships of one person."""
    return _what_if("membership", memberships, Job.objects.filter(submitted_by__in=memberships))


def _what_if(source: str, rows: Collection[uuid.UUID], hanging: QuerySet[Job], orders: tuple[str, ...] = ()) -> WhatIf:
    """What runs on the rows of one kind of link, and which of the ``hanging`` jobs wait."""
    resting = AttemptLink.objects.filter(source=source, object_id__in=rows).values("attempt_id")
    live = Attempt.objects.filter(pk__in=resting).exclude(state=AttemptState.ENDED)
    jobs = Job.objects.filter(attempts__in=live).select_related("team", "filing", "chip").distinct()
    waiting = hanging.filter(state=JobState.WAITING).select_related("team", "filing", "chip").distinct()
    reserved = Reservation.objects.filter(attempt__in=live, settled_at=None).aggregate(total=Sum("reserved_ms"))
    teams = {job.team.name for job in (*jobs, *waiting)}
    return WhatIf(tuple(jobs), tuple(waiting), tuple(sorted(teams)), reserved["total"] or 0, orders)


@dataclass(frozen=True)
class DrainStep:
    """One attempt under a drain, as the page shows it; times are the control plane's but for the host's two."""

    job: str
    attempt: int
    state: str
    window_ms: int
    asked_at: datetime
    told_at: datetime | None
    signalled_at: datetime | None
    last_process_gone_at: datetime | None
    confirmed_at: datetime | None
    outcome: str
    signal_to_gone_ms: int | None


@dataclass(frozen=True)
class DrainProgress:
    """A drain as it stands now."""

    reference: str
    reason: str
    begun_at: datetime
    completed_at: datetime | None
    steps: tuple[DrainStep, ...]

    @property
    def remaining(self) -> int:
        """How many attempts are not confirmed ended."""
        return sum(step.confirmed_at is None for step in self.steps)


def drains_shown() -> QuerySet[Drain]:
    """Drains with their attempts and jobs, newest first."""
    items = DrainItem.objects.select_related("attempt__job").order_by("asked_at", "pk")
    return Drain.objects.prefetch_related(Prefetch("items", items))


def progress_of_drain(drain: Drain) -> DrainProgress:
    """How far a drain has come, attempt by attempt."""
    items = drain.items.select_related("attempt__job").order_by("asked_at", "pk")
    steps = tuple(_step(item) for item in items)
    return DrainProgress(drain.reference, drain.reason, drain.begun_at, drain.completed_at, steps)


def _step(item: DrainItem) -> DrainStep:
    attempt = item.attempt
    return DrainStep(
        job=attempt.job.reference,
        attempt=attempt.number,
        state=attempt.state,
        window_ms=item.window_ms,
        asked_at=item.asked_at,
        told_at=item.told_at,
        signalled_at=item.signalled_at,
        last_process_gone_at=item.last_process_gone_at,
        confirmed_at=item.confirmed_at,
        outcome=item.outcome,
        signal_to_gone_ms=attempt.signal_to_gone_ms,
    )
