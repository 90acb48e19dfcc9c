"""Jobs as pages show them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.jobs import queries
from allocation.jobs.forms import EXAMPLE, EvidenceForm
from allocation.jobs.models import Attempt, Job
from allocation.scheduler.forms import PriorityForm
from ledger.queries import history
from procurement.filings.models import Filing
from procurement.filings.states import FilingState


def page(job: Job, actor: Actor) -> dict[str, Any]:
    """Everything on a job's page that does not move."""
    may_cancel = actor.may(Act.CANCEL_JOB) and (job.team_id == actor.team.pk or actor.may(Act.SEE_ALL_WORK))
    return {
        "job": job,
        "facts": _facts(job),
        "may_cancel": may_cancel and job.state in queries.LIVE,
        "may_export": actor.may(Act.EXPORT_EVIDENCE),
        "evidence_form": EvidenceForm(),
        "priority_form": PriorityForm() if actor.may(Act.RUN_SCHEDULER) and job.state in queries.LIVE else None,
        "entries": history([("job", job.pk), *[("attempt", attempt.pk) for attempt in job.attempts.all()]]),
        "chain_url": reverse("chain:job", args=[job.pk]),
        **live_part(job),
    }


def live_part(job: Job) -> dict[str, Any]:
    """The part that moves: where the job stands and what its attempts did."""
    attempts = list(job.attempts.all())
    devices = [lease.device for attempt in attempts[:1] for lease in attempt.leases.all()]
    return {
        "job": job,
        "attempts": attempts,
        "newest": attempts[0] if attempts else None,
        "devices": devices,
        "is_emulated": any(device.is_emulated for device in devices),
        "is_live": job.state in queries.LIVE,
        "receipt": _receipt(attempts[0]) if attempts else [],
    }


def _receipt(attempt: Attempt) -> list[tuple[str, Any]]:
    """The receipt that the runner wrote, as facts: plain values, then those of each part; the API has it all."""
    said = attempt.receipt or {}
    parts = {name: part for name, part in sorted(said.items()) if isinstance(part, dict)}
    nested = [(f"{name} {key}", value) for name, part in parts.items() for key, value in sorted(part.items())]
    return [
        (name.replace("_", " ").capitalize(), value)
        for name, value in (*sorted(said.items()), *nested)
        if isinstance(value, str | int | float | bool)
    ]


def _facts(job: Job) -> list[tuple[str, Any]]:
    return [
        (_("Filing"), job.filing.reference),
        (_("Grant"), job.grant.reference),
        (_("Team"), str(job.team)),
        (_("Chip"), job.chip.name),
        (_("Devices"), job.device_count),
        (_("Time limit"), _("%(m)s min") % {"m": job.time_limit_ms // 60_000}),
        (_("Spec digest"), job.spec_sha256[:16]),
    ]


def example_source(actor: Actor, filing_reference: str) -> str:
    """A job file to begin with, on the filing asked for or the team's newest approved one."""
    filings = Filing.objects.filter(team=actor.team, state=FilingState.APPROVED).select_related("chip")
    filing = filings.filter(reference=filing_reference).first() or filings.first()
    if filing is None:
        return ""
    return EXAMPLE.format(filing=filing.reference, chip=filing.chip.slug)
