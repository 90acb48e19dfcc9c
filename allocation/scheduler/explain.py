"""Before a job is handed in: could it run, when, and under which licences? Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.chain.links import LinkKind
from allocation.clock import database_now
from allocation.jobs.models import Job
from allocation.jobs.services import draft_job
from allocation.scheduler.limits import filing_caps
from allocation.scheduler.look import Look, Looker, look_now
from allocation.scheduler.placement import Placed, Request, Waits, plan
from allocation.scheduler.rows import Queued
from allocation.scheduler.telling import to_minute
from allocation.scheduler.verdicts import Verdict, judge

Range = tuple[datetime, datetime, datetime]
_LICENCES = (LinkKind.EXPORTER_LICENCE, LinkKind.IMPORTER_LICENCE)


@dataclass(frozen=True)
class Licensed:
    """One licence that the job would rest on, and until when its use lasts."""

    reference: str
    side: str
    until: datetime | None


@dataclass(frozen=True)
class Answer:
    """Whether a job could run. ``blockers`` say what would refuse it; ``reason`` why it would wait.

    ``start`` is earliest, likely and latest, absent where nothing can be said; ``fitting`` devices are free and
    licensed for it now.
    """

    blockers: tuple[str, ...]
    licences: tuple[Licensed, ...]
    fitting: int
    starts_now: bool
    reason: str
    position: int
    start: Range | None

    @property
    def could_run(self) -> bool:
        """Whether nothing would refuse it."""
        return not self.blockers


def could_run(*, actor: Actor, source: str) -> Answer:
    """Judge a job file as submission would, and plan as if it had just been handed in.

    Raises:
        InvalidInput: the file has faults; the message names each with its line.
    """
    actor.require(Act.SUBMIT_JOB)
    job = draft_job(actor=actor, source=source)
    now = database_now()
    look = look_now()
    verdict = judge(job, now=now)
    if not verdict.chain.is_whole:
        return Answer(verdict.chain.reasons, _licences(verdict), 0, False, "", 0, None)
    request = Looker().sight(look, now).ask_about(_queued(job, now), verdict)
    if isinstance(request, Waits):
        return Answer((), _licences(verdict), 0, False, request.reason, 0, None)
    return _planned(look, request, verdict)


def _planned(look: Look, request: Request, verdict: Verdict) -> Answer:
    lines = {**verdict.lines, **look.snapshot.lines}
    caps = {**look.snapshot.caps, **filing_caps({UUID(request.cap)})}
    claims = {**look.snapshot.claims, request.path: look.shares.claim(request.path)}
    queue = (*look.snapshot.queue, request)
    found = plan(replace(look.snapshot, queue=queue, lines=lines, caps=caps, claims=claims))
    fitting = sum(device.pair in request.pairs for device in look.snapshot.free)
    answer = answer_of(request.job, found.placed, found.waits)
    if isinstance(answer, Placed):
        return Answer((), _licences(verdict), fitting, True, "", 0, None)
    start: Range | None = None
    if answer.start_s:
        early, likely, late = answer.start_s
        start = (to_minute(early), to_minute(likely), to_minute(late))
    return Answer((), _licences(verdict), fitting, False, answer.reason, answer.position, start)


def answer_of(job: str, placed: tuple[Placed, ...], waits: tuple[Waits, ...]) -> Placed | Waits:
    """What a plan says of one job."""
    answers: tuple[Placed | Waits, ...] = (*placed, *waits)
    found = next((each for each in answers if each.job == job), None)
    return found or Waits(job, "It is not in the queue.")


def _licences(verdict: Verdict) -> tuple[Licensed, ...]:
    found = [link for link in verdict.chain.links if link.kind in _LICENCES and link.is_whole]
    return tuple(Licensed(link.reference, str(link.label), link.valid_until) for link in found)


def _queued(job: Job, now: datetime) -> Queued:
    """A job that is not saved, as the queue would hold it."""
    member = job.submitted_by
    return Queued(
        id=job.pk,
        reference=job.name,
        name=job.name,
        filing=job.filing_id,
        grant=job.grant_id,
        chip=job.chip_id,
        order=job.filing.order_id,
        devices=job.device_count,
        limit_ms=job.time_limit_ms,
        submitter=member.pk,
        organisation=job.team.organisation_id,
        team=job.team_id,
        person=member.person_id,
        submitted_at=now,
        is_command=job.is_command,
        priority=0,
        held_s=0.0,
        has_checkpoint=False,
    )
