"""What a team does with jobs: submit, cancel."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.permissions import Act
from accounts.roles import Role
from allocation.chain.chain import Chain, Link
from allocation.chain.links import LinkKind, LinkStatus
from allocation.chain.queries import chain_of_job
from allocation.clock import database_now, wake
from allocation.dispatch import drains
from allocation.grants.models import Grant
from allocation.jobs.models import Attempt, Job
from allocation.jobs.spec import JobSpec, SpecInvalid, parse_job
from allocation.jobs.states import JOB_EDGES, AttemptState, JobAction, JobState
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted
from ledger.ids import uuid7
from ledger.services import next_reference, record
from ledger.transitions import advance
from procurement.catalog.models import ChipModel
from procurement.filings.models import Filing

WAITING_JOBS_MOST: Final = 200


def submit_job(*, actor: Actor, source: str) -> Job:
    """Take in a job file; an array becomes one job an element, and the first is returned.

    A job whose chain is broken is refused, and the refusal recorded.

    Raises:
        InvalidInput: the file has faults; the message names each with its line.
        ComplianceRefusal: a link is broken; the message names the first, ``blockers`` all of them.
    """
    actor.require(Act.SUBMIT_JOB)
    spec = _parsed(source)
    with transaction.atomic():
        filing, chip = _filing_of(actor, spec), _chip_of(spec)
        after = _after(actor, spec)
        refusal = _grant_fault(filing, chip)
        if refusal is None:
            jobs = _unsaved(actor, spec, filing)
            refusal = _refusal(chain_of_job(jobs[0], now=database_now()))
            if refusal is None:
                _save(actor, jobs, after)
                return jobs[0]
        facts = {"reasons": list(refusal.blockers)[:10], "spec_sha256": spec.digest(), "name": spec.name}
        record("job.refused", filing, actor=actor, facts={"reason": refusal.message, **facts})
    raise refusal


def draft_job(*, actor: Actor, source: str) -> Job:
    """The first job that a job file would make, checked as at submission and not saved.

    Raises:
        InvalidInput: the file has faults; the message names each with its line.
        ComplianceRefusal: the filing is for another chip, or has no GPU time.
    """
    actor.require(Act.SUBMIT_JOB)
    spec = _parsed(source)
    filing, chip = _filing_of(actor, spec), _chip_of(spec)
    _after(actor, spec)
    refusal = _grant_fault(filing, chip)
    if refusal is not None:
        raise refusal
    return _unsaved(actor, spec, filing)[0]


def end_orphans() -> int:
    """Fail the waiting jobs whose forerunner ended without success; run by housekeeping, and idempotent.

    Returns:
        How many were ended.
    """
    lost = Q(after__state__in=[JobState.FAILED, JobState.CANCELLED])
    found = Job.objects.filter(lost, state=JobState.WAITING).distinct().order_by("pk").values_list("pk", flat=True)
    return sum(_end_orphan(pk) for pk in list(found))


def _end_orphan(job_id: uuid.UUID) -> bool:
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job_id)
        lost = job.after.filter(state__in=[JobState.FAILED, JobState.CANCELLED]).order_by("reference").first()
        if job.state != JobState.WAITING or lost is None:
            return False
        state = advance(JOB_EDGES, job.state, JobAction.FAIL)
        how = "failed" if lost.state == JobState.FAILED else "was cancelled"
        reason = f"{lost.reference}, which had to succeed first, {how}."
        Job.objects.filter(pk=job.pk).update(state=state, ended_at=Now(), waits_because="", ended_because=reason)
        record("job.failed", job, facts={"reason": reason})
    wake()
    return True


def cancel_job(*, actor: Actor, job_id: uuid.UUID) -> Job:
    """Cancel a job: at once while it waits; by a drain, with its checkpoint window, while it runs.

    Raises:
        NotPermitted: it is another team's job.
        IllegalTransition: it has ended already.
    """
    actor.require(Act.CANCEL_JOB)
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job_id)
        if actor.role != Role.OPERATOR and job.team_id != actor.team.pk:
            raise NotPermitted("This job belongs to another team.")
        advance(JOB_EDGES, job.state, JobAction.CANCEL)
        if job.cancel_requested_at is None:
            Job.objects.filter(pk=job.pk).update(cancel_requested_at=Now())
            record("job.cancel_requested", job, actor=actor)
        live = list(Attempt.objects.filter(job=job).exclude(state=AttemptState.ENDED).values_list("pk", flat=True))
        if job.state == JobState.WAITING:
            _cancel_waiting(job)
        cause = drains.Cause("job", job.pk, job.reference, "Cancelled on request.")
        drains.begin_drain(actor=actor, cause=cause, attempts=live)
    return Job.objects.get(pk=job_id)


def _cancel_waiting(job: Job) -> None:
    state = advance(JOB_EDGES, job.state, JobAction.CANCEL)
    Job.objects.filter(pk=job.pk).update(
        state=state, ended_at=Now(), waits_because="", ended_because="Cancelled on request."
    )
    record("job.cancelled", job)


def _parsed(source: str) -> JobSpec:
    try:
        return parse_job(source)
    except SpecInvalid as error:
        faults = tuple(str(problem) for problem in error.problems)
        invalid = InvalidInput("\n".join(faults), field="source")
        invalid.blockers = faults
        raise invalid from error


def _filing_of(actor: Actor, spec: JobSpec) -> Filing:
    found = Filing.objects.filter(reference=spec.filing, team=actor.team).first()
    if found is None:
        raise InvalidInput(f"Your team has no filing {spec.filing}.", field="filing")
    return found


def _chip_of(spec: JobSpec) -> ChipModel:
    found = ChipModel.objects.filter(slug=spec.chip).first()
    if found is None:
        raise InvalidInput(f"There is no chip {spec.chip}; the catalog lists them.", field="chip")
    return found


def _grant_fault(filing: Filing, chip: ChipModel) -> ComplianceRefusal | None:
    if filing.chip_id != chip.pk:
        words = f"Filing {filing.reference} is for {filing.chip.name}; the job asks for {chip.name}."
        return ComplianceRefusal(words, blockers=(words,))
    if not Grant.objects.filter(filing=filing).exists():
        words = f"Filing {filing.reference} is {filing.get_state_display().lower()}: no GPU time has been granted."
        return ComplianceRefusal(words, blockers=(words,))
    return None


def _after(actor: Actor, spec: JobSpec) -> list[Job]:
    """The jobs of the team that have to succeed first."""
    found = list(Job.objects.filter(reference__in=spec.after, team=actor.team))
    missing = sorted(set(spec.after) - {job.reference for job in found})
    if missing:
        raise InvalidInput(f"Your team has no job {', '.join(missing)}.", field="after")
    lost = [job.reference for job in found if job.state in (JobState.FAILED, JobState.CANCELLED)]
    if lost:
        raise InvalidInput(f"{', '.join(lost)} ended without success; nothing can follow it.", field="after")
    return found


def _unsaved(actor: Actor, spec: JobSpec, filing: Filing) -> list[Job]:
    """One job, or one for each element of the array."""
    grant = Grant.objects.filter(filing=filing).order_by("-created_at")[0]
    indices: list[int | None] = list(range(spec.array_size)) if spec.array_size else [None]
    waiting = Job.objects.filter(team=actor.team, state=JobState.WAITING).count()
    if waiting + len(indices) > WAITING_JOBS_MOST:
        words = f"{waiting} jobs of your team wait already; {WAITING_JOBS_MOST} is the limit, with these."
        raise InvalidInput(words, field="source")
    array_id = uuid7() if spec.array_size else None
    return [
        Job(
            name=spec.name,
            team=actor.team,
            submitted_by=actor.membership,
            filing=filing,
            grant=grant,
            chip_id=filing.chip_id,
            device_count=spec.devices,
            time_limit_ms=spec.time_limit_ms,
            spec=spec.canonical(index),
            spec_sha256=spec.digest(index),
            is_command=spec.command is not None,
            array_id=array_id,
        )
        for index in indices
    ]


def _save(actor: Actor, jobs: list[Job], after: list[Job]) -> None:
    for job in jobs:
        job.reference = next_reference("JOB")
        job.waits_because = "It has just been submitted."
        job.save(force_insert=True)
        job.after.set(after)
        facts = {"filing": job.filing.reference, "devices": job.device_count, "time_limit_ms": job.time_limit_ms}
        more = {"after": sorted(each.reference for each in after)} if after else {}
        if "array" in job.spec:
            more["array"] = [job.spec["array"]["index"], job.spec["array"]["size"]]
        if job.is_command:
            more["program"] = [job.spec["command"]["argv"][0][:100]]
        record("job.submitted", job, actor=actor, facts={**facts, **more, "spec_sha256": job.spec_sha256})
    wake()


def _refusal(chain: Chain) -> ComplianceRefusal | None:
    """Why the job cannot be taken in. Devices that are only out of order for now are worth waiting for."""
    broken = [link for link in chain.broken if not _is_worth_waiting(link)]
    if not broken:
        return None
    first = min(broken, key=lambda link: link.status != LinkStatus.BROKEN)
    words = tuple(_named(link) for link in broken)
    return ComplianceRefusal(f"The chain is broken at {_named(first)}", blockers=words)


def _is_worth_waiting(link: Link) -> bool:
    return link.kind == LinkKind.DEVICE and link.status == LinkStatus.PENDING


def _named(link: Link) -> str:
    return f"{link.label} {link.reference}".strip() + f": {link.reason}"
