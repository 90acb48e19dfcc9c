"""Evidence packs: everything the ledger holds about the GPU time of one job, provable offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.chain.models import AttemptLink
from allocation.dispatch.models import DrainItem, Lease
from allocation.jobs.models import Attempt, Job
from ledger.canonical import instant
from ledger.errors import InvalidInput
from ledger.packs import Subject, make_pack
from ledger.services import record
from procurement.determinations.models import Determination
from procurement.licences.models import Draw, Licence, LicenceLine
from procurement.orders.models import Order
from procurement.review.models import Case, Decision

# The names in the view ``chain_version``, and the model names that ledger rows carry.
_MODEL_OF_SOURCE = {
    "demand": "demandassessment",
    "licence_line": "licenceline",
}


@dataclass(frozen=True)
class Release:
    """To whom a pack goes and on what basis: evidence that leaves a country may need leave (5-facts, section 7)."""

    recipient: str
    legal_basis: str


def export_evidence(*, actor: Actor, job: Job, release: Release) -> bytes:
    """The signed pack for one job; that it was made, for whom and why, is itself recorded.

    Raises:
        InvalidInput: no recipient or no basis.
    """
    with transaction.atomic():
        actor.require(Act.EXPORT_EVIDENCE)
        for name in ("recipient", "legal_basis"):
            if not getattr(release, name).strip():
                raise InvalidInput(f"Please name the {name.replace('_', ' ')}.", field=name)
        facts = {"recipient": release.recipient, "legal_basis": release.legal_basis}
        record("evidence.exported", job, actor=actor, facts=facts)
    return make_pack(subjects=subjects_of(job), statement=statement_of(job, release))


def subjects_of(job: Job) -> set[Subject]:
    """Everything in the chain of a job's attempts, as (model name, primary key)."""
    order, filing = job.filing.order, job.filing
    found: set[Subject] = {
        ("job", str(job.pk)),
        ("filing", str(filing.pk)),
        ("grant", str(job.grant_id)),
        ("membership", str(job.submitted_by_id)),
    }
    found |= _of_order(order)
    for link in AttemptLink.objects.filter(attempt__job=job):
        found.add((_MODEL_OF_SOURCE.get(link.source, link.source), str(link.object_id)))
    for attempt in job.attempts.all():
        found.add(("attempt", str(attempt.pk)))
    found |= {
        ("drain", str(pk)) for pk in DrainItem.objects.filter(attempt__job=job).values_list("drain_id", flat=True)
    }
    found |= _of_cases(Case.objects.filter(order=order) | Case.objects.filter(filing=filing))
    return found


def _of_order(order: Order) -> set[Subject]:
    found: set[Subject] = {("order", str(order.pk)), ("demandassessment", str(order.demand_id))}
    found.add(("site", str(order.site_id)))
    found |= {("party", str(pk)) for pk in order.parties.values_list("party_id", flat=True)}
    found |= {("receipt", str(pk)) for pk in order.receipts.values_list("pk", flat=True)}
    found |= {("determination", str(pk)) for pk in _ids(Determination.objects.filter(order=order))}
    found |= {("licence", str(pk)) for pk in _ids(Licence.objects.filter(order=order))}
    found |= {("draw", str(pk)) for pk in _ids(Draw.objects.filter(item__receipt__order=order))}
    releases = order.lines.values_list("releases", flat=True)
    return found | {("release", str(pk)) for pk in releases if pk}


def _of_cases(cases: Any) -> set[Subject]:
    found = {("case", str(pk)) for pk in _ids(cases)}
    return found | {("decision", str(pk)) for pk in _ids(Decision.objects.filter(case__in=cases))}


def _ids(rows: Any) -> Any:
    return rows.values_list("pk", flat=True)


def statement_of(job: Job, release: Release) -> dict[str, Any]:
    """What the pack is about: the job, and every interval of GPU time with the licences it rested on."""
    leases = list(
        Lease.objects.filter(attempt__job=job, charged_from__isnull=False)
        .select_related("device__chip", "device__item", "attempt", "exporter_line__licence", "importer_line__licence")
        .prefetch_related("device__item__draws__line__licence")
        .order_by("charged_from", "device__serial")
    )
    return {
        "job": job.reference,
        "name": job.name,
        "filing": job.filing.reference,
        "grant": job.grant.reference,
        "spec_sha256": job.spec_sha256,
        "recipient": release.recipient,
        "legal_basis": release.legal_basis,
        "redaction": "persons by salted pseudonym",
        "attempts": [_attempt(attempt) for attempt in job.attempts.order_by("number")],
        "gpu_time": [_interval(lease) for lease in leases],
        "gpu_ms": sum(_ms(lease) for lease in leases),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "fencing_token": attempt.fencing_token,
        "outcome": attempt.outcome or attempt.state,
        "isolation": attempt.isolation,
        "links": [
            {"kind": link.kind, "reference": link.reference, "version": link.version}
            for link in attempt.links.order_by("kind", "reference")
        ],
    }


def _interval(lease: Lease) -> dict[str, Any]:
    return {
        "device": lease.device.serial,
        "chip": lease.device.chip.name,
        "backend": lease.device.backend,
        "attempt": lease.attempt.number,
        "from": instant(lease.charged_from) if lease.charged_from else None,
        "until": instant(lease.charged_until) if lease.charged_until else None,
        "gpu_ms": _ms(lease),
        "exporter_licence": _named(lease.exporter_line),
        "importer_licence": _named(lease.importer_line),
        "further_licences": sorted(_named(line) for line in _further(lease)),
    }


def _further(lease: Lease) -> list[LicenceLine]:
    """The lines of authorities beyond the first of each side."""
    drawn = [draw.line for draw in lease.device.item.draws.all()] if lease.device.item else []
    return [line for line in drawn if line.pk not in (lease.exporter_line_id, lease.importer_line_id)]


def _named(line: LicenceLine) -> str:
    return f"{line.licence.authority} {line.licence.number}"


def _ms(lease: Lease) -> int:
    if lease.charged_from is None or lease.charged_until is None:
        return 0
    return round((lease.charged_until - lease.charged_from).total_seconds() * 1000)
