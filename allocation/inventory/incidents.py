"""Incidents: record and reality differ on a device or host; each opens a review case, and an officer closes it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.inventory.models import Device, Host, Incident, IncidentKind
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.services import next_reference, record
from procurement.review import services as review
from procurement.review.states import CaseKind, CaseState

_LIVE_CASE = frozenset({CaseState.OPEN, CaseState.CLAIMED, CaseState.WAITING, CaseState.ADVISED})


@dataclass(frozen=True)
class Finding:
    """What differs, and on what.

    Attributes:
        subject: what it is about where there is no device row: a serial as reported, a host's or party's id.
        facts: plain values for the incident and the ledger.
        details: what the case says beyond its title.
    """

    kind: IncidentKind
    title: str
    subject: str
    device: Device | None = None
    host: Host | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    details: str = ""


def open_incident(
    *, kind: IncidentKind, title: str, subject: str, device: Device | None = None, host: Host | None = None
) -> Incident:
    """Open an incident with its review case; while one of the same kind is open on the same thing, that one.

    Args:
        subject: what it is about where there is no device row: a serial as reported, a party's id.
    """
    return report_finding(Finding(kind, title, subject, device, host))


def report_finding(finding: Finding) -> Incident:
    """Open one incident with its case for a finding, however often it is reported; a repeat only notes that it stands.

    Two reports at once open one: the second waits for the first by a lock on kind and subject.
    """
    with transaction.atomic():
        _alone_on(finding)
        known = _open_one(finding)
        if known is not None:
            _note_again(known, finding)
            return known
        return _open(finding)


def _open(finding: Finding) -> Incident:
    reference = next_reference("INC")
    device = finding.device
    order = device.item.receipt.order if device is not None and device.item is not None else None
    summary = finding.details or finding.title
    matter = review.Matter(
        kind=CaseKind.INCIDENT, title=finding.title, summary=summary, order=order, incident_ref=reference
    )
    case = review.open_case(actor=None, matter=matter, applicant=None)
    facts = {"title": finding.title, "subject": finding.subject, **finding.facts}
    incident = Incident.objects.create(
        reference=reference,
        kind=finding.kind,
        subject=finding.subject[:120],
        device=device,
        host=finding.host,
        case=case,
        facts=facts,
    )
    record("incident.opened", incident, facts={"kind": finding.kind, "case": case.reference, **facts})
    return incident


def _alone_on(finding: Finding) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 5))", [f"{finding.kind} {finding.subject}"])


def _open_one(finding: Finding) -> Incident | None:
    same = Q(device=finding.device) if finding.device is not None else Q(device=None, subject=finding.subject[:120])
    return Incident.objects.select_for_update().filter(same, kind=finding.kind, closed_at=None).first()


def _note_again(known: Incident, finding: Finding) -> None:
    """It stands still, or again. Facts are replaced only where the finding brings some."""
    values: dict[str, Any] = {"last_shown_at": Now(), "gone_since": None}
    if finding.facts and {**known.facts, **finding.facts} != known.facts:
        known.facts = values["facts"] = {**known.facts, **finding.facts}
        record("incident.grew", known, facts=finding.facts)
    Incident.objects.filter(pk=known.pk).update(**values)


def note_gone(*, host: Host, shown: Iterable[uuid.UUID]) -> None:
    """Note which open incidents a report of their host no longer shows. None is closed by that: an officer does it."""
    still = Incident.objects.filter(host=host, closed_at=None, gone_since=None).exclude(pk__in=list(shown))
    still.exclude(kind__in=[IncidentKind.USAGE_DRIFT, IncidentKind.LISTED_PARTY]).update(gone_since=Now())


def close_incident(*, actor: Actor, incident_id: uuid.UUID, reason: str) -> Incident:
    """Close an incident that an officer has cleared up, and its case with it; no report ever does.

    Where two officers decided that it stands, one alone does not undo that: a new case is opened for two to decide,
    and the incident stays open until then.

    Raises:
        NotPermitted: the actor is no officer, or of the team whose order the device came with.
        InvalidInput: no reason was given.
        Overtaken: an advice waits for its second signature.
    """
    actor.require(Act.REVIEW_CASE)
    if not reason.strip():
        raise InvalidInput("Please write how the incident was cleared up.", field="reason")
    with transaction.atomic():
        incident = Incident.objects.select_for_update(of=("self",)).select_related("case__order").get(pk=incident_id)
        case = incident.case
        if incident.closed_at is not None:
            return incident
        if case is not None and case.order is not None and actor.is_of(case.order.team_id):
            raise NotPermitted("You are of the team that ordered; another officer has to act.")
        if case is not None and case.state == CaseState.ADVISED:
            raise Overtaken(f"The advice in {case.reference} waits for its second signature, which decides this.")
        if case is not None and case.state == CaseState.CLOSED:
            return _ask_two_again(incident, actor, reason.strip())
        _close(incident, actor, reason.strip())
        if case is not None and case.state in _LIVE_CASE:
            review.withdraw_case(actor=actor, case=case, reason=reason.strip()[:300])
    return incident


def _ask_two_again(incident: Incident, actor: Actor, reason: str) -> Incident:
    """Open a further case on an incident that two officers decided to keep open."""
    decided = incident.case
    if decided is None:
        return incident
    summary = f"{decided.reference} kept the incident open. {actor.person.name} holds that it is cleared up: {reason}"
    incident.case = review.open_case(
        actor=actor,
        matter=review.Matter(
            kind=CaseKind.INCIDENT,
            title=decided.title,
            summary=summary,
            order=decided.order,
            incident_ref=incident.reference,
        ),
        applicant=None,
    )
    incident.save(update_fields=["case"])
    facts = {"case": incident.case.reference, "before": decided.reference, "reason": reason[:300]}
    record("incident.asked_again", incident, actor=actor, facts=facts)
    return incident


def close_decided(*, incident_ref: str, reason: str) -> None:
    """Close the incident whose case two officers decided as cleared up, in their transaction."""
    incident = Incident.objects.select_for_update().filter(reference=incident_ref, closed_at=None).first()
    if incident is not None:
        _close(incident, None, reason)


def _close(incident: Incident, actor: Actor | None, reason: str) -> None:
    Incident.objects.filter(pk=incident.pk).update(closed_at=Now())
    incident.refresh_from_db(fields=["closed_at"])
    facts = {"reason": reason[:300], "kind": incident.kind, "was_gone": incident.gone_since is not None}
    record("incident.closed", incident, actor=actor, facts=facts)


def carried_by(host: Host) -> Incident | None:
    """The open incident of a host that fell silent, if there is one."""
    same = Incident.objects.filter(kind=IncidentKind.HOST_SILENT, subject=str(host.pk), closed_at=None)
    return same.order_by(F("opened_at").desc()).first()
