"""The rows that a chain is judged on, read afresh, each with the version it had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Membership
from allocation.grants.models import Grant
from allocation.inventory.models import Device
from allocation.jobs.models import Attempt, Job
from procurement.determinations.models import Determination
from procurement.filings.models import Filing
from procurement.licences.models import Licence, LicenceLine
from procurement.orders.models import Order, Receipt
from procurement.parties.models import Party
from procurement.review.models import Decision
from procurement.screening.subjects import parties_of_filing, parties_of_order


@dataclass
class Basis:
    """Everything one chain is judged on. What is ``None`` or empty has not been reached yet.

    ``devices`` are those the chain is about: an attempt's own, or all that a waiting job might get.
    ``needs`` is how many devices the job asks for, 0 where there is no job.
    """

    now: datetime
    order: Order
    filing: Filing | None = None
    decision: Decision | None = None
    grant: Grant | None = None
    submitter: Membership | None = None
    job: Job | None = None
    attempt: Attempt | None = None
    needs: int = 0
    needs_ms: int = 0
    devices: list[Device] = field(default_factory=list)
    lines: dict[UUID, LicenceLine] = field(default_factory=dict)
    licences: list[Licence] = field(default_factory=list)
    determinations: list[Determination] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)


def basis_of_order(order_id: UUID, *, now: datetime) -> Basis:
    """What is known of an order, without any filing or job."""
    order = Order.objects.select_related("demand", "site", "team").get(pk=order_id)
    basis = Basis(now=now, order=order)
    basis.determinations = list(Determination.objects.filter(order=order, superseded_at=None))
    basis.parties = list(_parties(order))
    basis.devices = list(devices_of_order(order_id))
    return _complete(basis)


def basis_of_filing(filing_id: UUID, *, now: datetime, devices: Iterable[Device] | None = None) -> Basis:
    """What is known of a filing, on the devices of its order and chip unless others are named."""
    filing = Filing.objects.select_related("team__organisation", "chip").get(pk=filing_id)
    order = Order.objects.select_related("demand", "site", "team").get(pk=filing.order_id)
    basis = Basis(now=now, order=order, filing=filing)
    basis.determinations = list(Determination.objects.filter(order=order, superseded_at=None))
    basis.parties = list(_parties(order, filing))
    basis.decision = Decision.objects.filter(case__filing=filing, returned_at=None).order_by("-advised_at").first()
    basis.grant = Grant.objects.filter(filing=filing).order_by("-created_at").first()
    found = devices_of_order(order.pk).filter(chip=filing.chip_id) if devices is None else devices
    basis.devices = list(found)
    return _complete(basis)


def basis_of_job(job: Job, *, now: datetime, devices: Iterable[Device] | None = None) -> Basis:
    """What a job rests on: the devices of its live attempt, else all that it might get."""
    attempt = Attempt.objects.filter(job_id=job.pk).exclude(state="ended").first()
    if devices is None and attempt is not None:
        devices = Device.objects.filter(leases__attempt=attempt).select_related("site", "host", "item")
        devices = devices.prefetch_related("item__draws")
    basis = basis_of_filing(job.filing_id, now=now, devices=devices)
    basis.job, basis.attempt = job, attempt
    basis.needs, basis.needs_ms = job.device_count, job.device_count * job.time_limit_ms
    basis.grant = Grant.objects.get(pk=job.grant_id)
    basis.decision = Decision.objects.get(pk=basis.grant.decision_id)
    basis.submitter = Membership.objects.select_related("person").get(pk=job.submitted_by_id)
    return basis


def devices_of_order(order_id: UUID) -> QuerySet[Device]:
    """The devices that came with an order's receipts, and have not been retired."""
    found = Device.objects.filter(item__receipt__order=order_id).exclude(state="retired")
    return found.select_related("site", "host", "item").prefetch_related("item__draws").order_by("serial")


def _parties(order: Order, filing: Filing | None = None) -> QuerySet[Party]:
    """Everybody who is screened for the order, and with a filing for that too: owners up the tree among them."""
    wanted = Q(pk__in=parties_of_order(order).values("pk"))
    if filing is not None:
        wanted |= Q(pk__in=parties_of_filing(filing).values("pk"))
    return Party.objects.filter(wanted).order_by("name", "pk")


def _complete(basis: Basis) -> Basis:
    """Reads licences, lines and receipts: those of the devices, or of the order before any device came."""
    line_ids = {pk for device in basis.devices for pk in device.line_ids}
    wanted = Q(pk__in=line_ids) if line_ids else Q(licence__order=basis.order.pk)
    lines = LicenceLine.objects.filter(wanted).select_related("licence", "site", "chip")
    basis.lines = {line.pk: line for line in lines}
    licence_ids = {line.licence_id for line in basis.lines.values()}
    basis.licences = list(
        Licence.objects.filter(pk__in=licence_ids).prefetch_related("conditions").order_by("side", "reference")
    )
    basis.receipts = list(Receipt.objects.filter(order=basis.order).order_by("reference"))
    return basis


def include_licence(basis: Basis, licence: Licence) -> None:
    """Add a licence and its lines, also where no device is bound to it yet."""
    lines = LicenceLine.objects.filter(licence=licence).select_related("licence", "site", "chip")
    basis.lines |= {line.pk: line for line in lines}
    if all(known.pk != licence.pk for known in basis.licences):
        basis.licences.append(licence)
