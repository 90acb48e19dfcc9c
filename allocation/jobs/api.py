"""Jobs over the API: submit, list, get, cancel, logs, metrics, chain.

Annotations are evaluated here, not postponed: `paginate` wraps a view, and the API's framework would then look a
postponed name such as `JobState` up in its own module.
"""

import uuid
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate

from accounts.api import caller
from allocation.chain.queries import chain_of_job
from allocation.chain.shown import chain_json, for_eyes_of
from allocation.clock import database_now
from allocation.jobs import queries, services
from allocation.jobs.models import Job
from allocation.jobs.states import JobState

router = Router()


class JobIn(Schema):
    """A job file."""

    source: str = Field(max_length=65_536, description="the job file, YAML")


class JobOut(Schema):
    """A job as its team sees it."""

    id: uuid.UUID
    reference: str
    name: str
    state: str
    device_count: int
    time_limit_ms: int
    spec_sha256: str
    waits_because: str
    ended_because: str
    submitted_at: datetime
    ended_at: datetime | None


class LogOut(Schema):
    """A stretch of the log of the newest attempt."""

    text: str
    offset: int
    is_final: bool


@router.get("", response=list[JobOut])
@paginate(LimitOffsetPagination)
def list_jobs(request: HttpRequest, state: JobState | None = None) -> QuerySet[Job]:
    """The jobs that one may see, newest first."""
    jobs = queries.visible_to(caller(request))
    return jobs.filter(state=state) if state else jobs


@router.post("", response={201: JobOut})
def submit_job(request: HttpRequest, said: JobIn) -> Status[Job]:
    """Submit a job file; a broken chain is refused with the link named."""
    return Status(201, services.submit_job(actor=caller(request), source=said.source))


@router.get("/{job_id}", response=JobOut)
def get_job(request: HttpRequest, job_id: uuid.UUID) -> Job:
    """One job."""
    return _visible(request, job_id)


@router.post("/{job_id}/cancel", response=JobOut)
def cancel_job(request: HttpRequest, job_id: uuid.UUID) -> Job:
    """Cancel it: at once while it waits, by a drain while it runs."""
    _visible(request, job_id)
    return services.cancel_job(actor=caller(request), job_id=job_id)


@router.get("/{job_id}/logs", response=LogOut)
def logs(request: HttpRequest, job_id: uuid.UUID, offset: int = 0) -> dict[str, Any]:
    """The log of the newest attempt from a byte offset on."""
    job = _visible(request, job_id)
    attempt = queries.live_attempt(job)
    text, end = queries.log_from(attempt, max(offset, 0)) if attempt else ("", 0)
    return {"text": text, "offset": end, "is_final": job.state not in queries.LIVE}


@router.get("/{job_id}/metrics", response=dict[str, Any])
def metrics(request: HttpRequest, job_id: uuid.UUID) -> dict[str, Any]:
    """Loss and speed by step, over all attempts."""
    job = _visible(request, job_id)
    return {"series": queries.series_of(job), "is_final": job.state not in queries.LIVE}


@router.get("/{job_id}/chain", response=dict[str, Any])
def chain(request: HttpRequest, job_id: uuid.UUID) -> dict[str, Any]:
    """Every link from the job back to the demand."""
    whole = chain_of_job(_visible(request, job_id), now=database_now())
    return chain_json(for_eyes_of(caller(request), whole))


def _visible(request: HttpRequest, job_id: uuid.UUID) -> Job:
    return get_object_or_404(queries.visible_to(caller(request)), pk=job_id)
