"""The links of what was permitted, to whom, and what came of it: filing to job."""

from __future__ import annotations

from datetime import datetime

from allocation.chain.basis import Basis
from allocation.chain.chain import Link, Rest, earliest
from allocation.chain.licensed import condition_fault
from allocation.chain.links import LinkKind, LinkStatus
from allocation.chain.pages import page
from allocation.clock import end_of
from allocation.jobs.models import Attempt, Job
from allocation.jobs.states import ENDED_STATES, AttemptState
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.licences.models import LegalEffect
from procurement.review.models import Decision
from procurement.review.states import Outcome

Judged = tuple[LinkStatus, str, LegalEffect | None]
WHOLE: Judged = (LinkStatus.WHOLE, "", None)
_AHEAD = frozenset({FilingState.DRAFT, FilingState.IN_REVIEW})


def _drains(reason: str) -> Judged:
    return LinkStatus.BROKEN, reason, LegalEffect.DRAIN


def _waits(reason: str) -> Judged:
    return LinkStatus.PENDING, reason, None


def filing_link(basis: Basis) -> Link:
    """The use case was approved, and today lies within its period."""
    filing = basis.filing
    if filing is None:
        return _nothing(LinkKind.FILING, "Filing", "No use case has been filed on this order yet.")
    status, reason, effect = _filing_judged(filing, basis)
    return Link(
        kind=LinkKind.FILING,
        label="Filing",
        reference=filing.reference,
        status=status,
        reason=reason,
        effect=effect,
        valid_until=end_of(filing.ends_on),
        url=page("filings:detail", filing.pk),
        facts={
            "state": filing.state,
            "title": filing.title,
            "end_use": filing.end_use,
            "max_devices": filing.max_devices,
        },
        rests=(Rest("filing", filing.pk, filing.reference, filing.version),),
    )


def _filing_judged(filing: Filing, basis: Basis) -> Judged:
    if filing.state in _AHEAD:
        return _waits(f"The filing is {filing.state.replace('_', ' ')}.")
    if filing.state != FilingState.APPROVED:
        return _drains(f"The filing is {filing.state}.")
    if basis.now >= end_of(filing.ends_on):
        return _drains(f"The filing ended on {filing.ends_on:%d %b %Y}.")
    if basis.now.date() < filing.starts_on:
        return _waits(f"The filing begins on {filing.starts_on:%d %b %Y}.")
    if basis.needs > filing.max_devices:
        return _drains(f"The filing allows {filing.max_devices} devices at once; the job asks for {basis.needs}.")
    return WHOLE


def decision_link(basis: Basis) -> Link:
    """Two officers approved, and their decision stands."""
    decision = basis.decision
    if decision is None:
        return _nothing(LinkKind.DECISION, "Decision", "Nobody has decided on the filing yet.")
    status, reason, effect = _decision_judged(decision, basis.now)
    case = decision.case
    return Link(
        kind=LinkKind.DECISION,
        label="Decision",
        reference=case.reference,
        status=status,
        reason=reason,
        effect=effect,
        valid_until=earliest(
            (
                end_of(decision.valid_until) if decision.valid_until else None,
                *(end_of(each.attested_until) for each in decision.conditions.all() if each.attested_until),
            )
        ),
        url=page("review:case", case.pk),
        facts={"outcome": decision.outcome, "final_at": decision.final_at.isoformat() if decision.final_at else None},
        rests=(Rest("decision", decision.pk, case.reference, decision.version),),
    )


def _decision_judged(decision: Decision, now: datetime) -> Judged:
    if decision.final_at is None:
        return _waits("The decision waits for its countersignature.")
    if decision.outcome != Outcome.APPROVE:
        return _drains("The decision is to decline.")
    if decision.revoked_at is not None:
        return _drains(f"The decision was revoked on {decision.revoked_at:%d %b %Y}.")
    if decision.valid_until and now >= end_of(decision.valid_until):
        return _drains(f"The decision was valid until {decision.valid_until:%d %b %Y}.")
    for condition in decision.conditions.all():
        if fault := condition_fault(condition, now):
            return LinkStatus.BROKEN, *fault
    return WHOLE


def grant_link(basis: Basis) -> Link:
    """The grant is in force and has GPU time left for the job."""
    grant = basis.grant
    if grant is None:
        return _nothing(LinkKind.GRANT, "Grant", "No GPU time has been granted yet.")
    status, reason, effect = _grant_judged(basis)
    return Link(
        kind=LinkKind.GRANT,
        label="Grant",
        reference=grant.reference,
        status=status,
        reason=reason,
        effect=effect,
        valid_until=end_of(grant.ends_on),
        url=page("filings:detail", basis.filing.pk) if basis.filing else "",
        facts={"granted_ms": grant.granted_ms, "reserved_ms": grant.reserved_ms, "used_ms": grant.used_ms},
        rests=(Rest("grant", grant.pk, grant.reference, grant.version),),
    )


def _grant_judged(basis: Basis) -> Judged:
    grant = basis.grant
    if grant is None:
        return WHOLE
    if grant.revoked_at is not None:
        return _drains(f"The grant was revoked on {grant.revoked_at:%d %b %Y}.")
    if basis.now >= end_of(grant.ends_on):
        return _drains(f"The grant ended on {grant.ends_on:%d %b %Y}.")
    if basis.now.date() < grant.starts_on:
        return _waits(f"The grant begins on {grant.starts_on:%d %b %Y}.")
    if basis.attempt is None and basis.needs_ms > grant.free_ms:
        reason = f"{_hours(grant.free_ms)} GPU-hours are free; the job may need {_hours(basis.needs_ms)}."
        return LinkStatus.BROKEN, reason, LegalEffect.NO_NEW_STARTS
    return WHOLE


def people_link(basis: Basis) -> Link:
    """Who submitted the job still has their access."""
    member = basis.submitter
    if member is None:
        return _nothing(LinkKind.PEOPLE, "People", "Nobody has submitted a job yet.")
    ended = member.ends_at is not None and basis.now >= member.ends_at
    gone = ended or member.person.left_at is not None or member.starts_at > basis.now
    return Link(
        kind=LinkKind.PEOPLE,
        label="People",
        reference=f"{member.role} of the team",
        status=LinkStatus.BROKEN if gone else LinkStatus.WHOLE,
        reason="The access of the person who submitted it has ended." if gone else "",
        effect=LegalEffect.DRAIN if gone else None,
        valid_until=member.ends_at,
        facts={"role": member.role},
        rests=(
            Rest("membership", member.pk, f"membership {member.pk}", member.version),
            Rest("person", member.person.pk, f"person {member.person.pk}", member.person.version),
        ),
    )


def warrant_link(basis: Basis) -> Link:
    """The signed permit of the attempt that runs now."""
    attempt = basis.attempt
    if basis.job is not None and basis.job.state in ENDED_STATES:
        return _ended_warrant(basis.job)
    if attempt is None or attempt.state == AttemptState.PLACED:
        return _nothing(LinkKind.WARRANT, "Warrant", "It is signed when a host claims the job.")
    return Link(
        kind=LinkKind.WARRANT,
        label="Warrant",
        reference=f"token {attempt.fencing_token}",
        status=LinkStatus.WHOLE,
        facts={"fencing_token": attempt.fencing_token, "attempt": attempt.number, "state": attempt.state},
    )


def _ended_warrant(job: Job) -> Link:
    """The permit of a job that is over: it stood under the last attempt's token, and none is live any more."""
    last = Attempt.objects.filter(job=job).order_by("-number").first()
    return Link(
        kind=LinkKind.WARRANT,
        label="Warrant",
        reference=f"token {last.fencing_token}" if last else "",
        status=LinkStatus.ENDED,
        reason="The job has ended; no warrant is live." if last else "The job ended before a host claimed it.",
        facts={"fencing_token": last.fencing_token, "attempt": last.number, "outcome": last.outcome} if last else {},
    )


def job_link(basis: Basis) -> Link:
    """The job itself."""
    job = basis.job
    if job is None:
        return _nothing(LinkKind.JOB, "Job", "No job has been submitted yet.")
    return Link(
        kind=LinkKind.JOB,
        label="Job",
        reference=job.reference,
        status=LinkStatus.WHOLE,
        url=page("jobs:detail", job.pk),
        facts={"state": job.state, "devices": job.device_count, "spec_sha256": job.spec_sha256},
    )


def _nothing(kind: LinkKind, label: str, reason: str) -> Link:
    return Link(kind=kind, label=label, reference="", status=LinkStatus.PENDING, reason=reason)


def _hours(duration_ms: int) -> str:
    return f"{duration_ms / 3_600_000:.2f}"
