"""Incidents: record and reality differ on a device or host; each opens a review case."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.inventory.models import Device, Host, Incident, IncidentKind
from ledger.errors import InvalidInput
from ledger.services import next_reference, record
from procurement.review import services as review
from procurement.review.states import CaseKind


def open_incident(
    *, kind: IncidentKind, title: str, subject: str, device: Device | None = None, host: Host | None = None
) -> Incident:
    """Open an incident with its review case; while one of the same kind is open on the same thing, that one.

    Args:
        subject: what it is about where there is no device row: a serial as reported, a party's id.
    """
    with transaction.atomic():
        known = _open_one(kind, device, subject)
        if known is not None:
            return known
        reference = next_reference("INC")
        order = device.item.receipt.order if device is not None and device.item is not None else None
        matter = review.Matter(
            kind=CaseKind.INCIDENT, title=title, summary=title, order=order, incident_ref=reference
        )
        case = review.open_case(actor=None, matter=matter, applicant=None)
        facts = {"title": title, "subject": subject}
        incident = Incident.objects.create(
            reference=reference, kind=kind, device=device, host=host, case=case, facts=facts
        )
        record("incident.opened", incident, facts={"kind": kind, "subject": subject, "case": case.reference})
    return incident


def close_incident(*, actor: Actor, incident_id: uuid.UUID, reason: str) -> Incident:
    """Close an incident that an operator has cleared up.

    Raises:
        InvalidInput: no reason was given.
    """
    actor.require(Act.BIND_DEVICE)
    if not reason.strip():
        raise InvalidInput("Please write how the incident was cleared up.", field="reason")
    with transaction.atomic():
        incident = Incident.objects.select_for_update().get(pk=incident_id)
        if incident.closed_at is None:
            Incident.objects.filter(pk=incident.pk).update(closed_at=Now())
            record("incident.closed", incident, actor=actor, facts={"reason": reason.strip()})
    return incident


def _open_one(kind: IncidentKind, device: Device | None, subject: str) -> Incident | None:
    same = Q(device=device) if device is not None else Q(device=None, facts__subject=subject)
    return Incident.objects.select_for_update().filter(same, kind=kind, closed_at=None).first()
