"""The schedule over the API: who waits and why, whether a job could run, priorities, quotas.

Annotations are evaluated here, not postponed: the API's framework looks postponed names up in its own module.
"""

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from accounts.api import caller
from accounts.models import Organisation, Team
from accounts.permissions import Act
from allocation.jobs.models import Job
from allocation.jobs.queries import visible_to
from allocation.scheduler import policy, queries
from allocation.scheduler.explain import Answer
from allocation.scheduler.explain import could_run as ask_whether
from allocation.scheduler.look import look_now
from allocation.scheduler.models import JobOutlook, Priority
from ledger.errors import InvalidInput
from procurement.catalog.models import ChipModel

router = Router()
MOST = 500


class OutlookOut(Schema):
    """Where a waiting job stands; times are absent where nothing can be said, and are no promise."""

    id: uuid.UUID
    reference: str
    waits_because: str
    position: int | None
    early_at: datetime | None
    likely_at: datetime | None
    late_at: datetime | None


class SourceIn(Schema):
    """A job file."""

    source: str = Field(max_length=65_536, description="the job file, YAML")


class LicensedOut(Schema):
    """A licence that the job would rest on."""

    reference: str
    side: str
    until: datetime | None


class AnswerOut(Schema):
    """Whether a job could run; nothing was submitted."""

    could_run: bool
    blockers: list[str]
    licences: list[LicensedOut]
    fitting: int
    starts_now: bool
    reason: str
    position: int
    start: list[datetime] | None


class PriorityIn(Schema):
    """How urgent, and why."""

    priority: Priority
    reason: str = Field(max_length=300)


class QuotaIn(Schema):
    """Devices of one chip that an organisation or team is due; name one of the two."""

    organisation: uuid.UUID | None = None
    team: uuid.UUID | None = None
    chip: str
    cohort: str = Field(max_length=60)
    nominal: int = Field(ge=0, le=1_000_000)
    borrow_most: int | None = Field(None, ge=0, le=1_000_000)


class QuotaOut(Schema):
    """A quota and what is in use of it."""

    account: str
    chip: str
    cohort: str
    nominal: int
    borrow_most: int | None
    used: int
    borrowed: int


@router.get("/queue", response=list[OutlookOut])
def waiting_jobs(request: HttpRequest) -> list[dict[str, Any]]:
    """The waiting jobs that one may see, in the order in which they stand."""
    return [_outlook(job, getattr(job, "outlook", None)) for job in queries.waiting(caller(request))[:MOST]]


@router.get("/jobs/{job_id}", response=OutlookOut)
def job_outlook(request: HttpRequest, job_id: uuid.UUID) -> dict[str, Any]:
    """Where one job stands."""
    job = get_object_or_404(visible_to(caller(request)), pk=job_id)
    return _outlook(job, queries.outlook_of(job))


@router.post("/jobs/{job_id}/priority", response=OutlookOut)
def prioritise_job(request: HttpRequest, job_id: uuid.UUID, said: PriorityIn) -> dict[str, Any]:
    """Say how urgent one job is."""
    actor = caller(request)
    job = get_object_or_404(visible_to(actor), pk=job_id)
    policy.prioritise_job(actor=actor, job_id=job.pk, priority=said.priority, reason=said.reason)
    return _outlook(job, queries.outlook_of(job))


@router.post("/could-run", response=AnswerOut)
def could_run(request: HttpRequest, said: SourceIn) -> Answer:
    """Whether a job file could run, when, and under which licences."""
    return ask_whether(actor=caller(request), source=said.source)


@router.get("/quotas", response=list[QuotaOut])
def list_quotas(request: HttpRequest) -> list[dict[str, Any]]:
    """Every quota."""
    caller(request).require(Act.SEE_SCHEDULE)
    rows = queries.quota_rows(look_now())
    return [
        {
            "account": row.quota.holder, "chip": row.quota.chip.slug, "cohort": row.quota.cohort,
            "nominal": row.quota.nominal, "borrow_most": row.quota.borrow_most, "used": row.used,
            "borrowed": row.borrowed,
        }
        for row in rows
    ]  # fmt: skip


@router.post("/quotas", response=QuotaOut)
def set_quota(request: HttpRequest, said: QuotaIn) -> dict[str, Any]:
    """Set a quota; the same account and chip again changes it."""
    actor = caller(request)
    actor.require(Act.RUN_SCHEDULER)
    if (said.team is None) == (said.organisation is None):
        raise InvalidInput("Name an organisation or a team, one of the two.", field="team")
    team = get_object_or_404(Team, pk=said.team) if said.team else None
    account = team or get_object_or_404(Organisation, pk=said.organisation)
    chip = get_object_or_404(ChipModel, slug=said.chip)
    words = policy.QuotaWords(account, chip, said.cohort, said.nominal, said.borrow_most)
    row = policy.set_quota(actor=actor, words=words)
    plain = {"cohort": row.cohort, "nominal": row.nominal, "borrow_most": row.borrow_most}
    return {"account": row.holder, "chip": chip.slug, **plain, "used": 0, "borrowed": 0}


def _outlook(job: Job, outlook: JobOutlook | None) -> dict[str, Any]:
    names = ("position", "early_at", "likely_at", "late_at")
    stands = {name: getattr(outlook, name) if outlook else None for name in names}
    return {"id": job.pk, "reference": job.reference, "waits_because": job.waits_because, **stands}
