"""The chain of a job, and of everything on the way to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allocation.chain import bought, licensed, permitted
from allocation.chain.basis import Basis, basis_of_filing, basis_of_job, basis_of_order, include_licence
from allocation.chain.chain import Chain, Link
from allocation.chain.links import LinkKind
from allocation.inventory.models import Device
from allocation.inventory.states import DeviceState
from allocation.jobs.models import Job
from procurement.filings.models import Filing
from procurement.licences.balances import Authority
from procurement.licences.models import Licence, Side
from procurement.orders.models import Order


@dataclass(frozen=True)
class Candidates:
    """A waiting job's chain, and the devices on which it is whole."""

    chain: Chain
    devices: tuple[Device, ...]


def chain_of_job(job: Job, *, now: datetime, devices: Iterable[Device] | None = None) -> Chain:
    """Every link of a job as it stands at ``now``.

    Args:
        devices: judge on exactly these; by default those of its live attempt, else all that it might get.
    """
    return candidates_of_job(job, now=now, devices=devices).chain


def candidates_of_job(job: Job, *, now: datetime, devices: Iterable[Device] | None = None) -> Candidates:
    """The chain of a job, and the devices whose licences keep it whole.

    A device of which a licence line is out of order is left out where the others suffice, and shown with its
    reason where they do not.
    """
    basis = basis_of_job(job, now=now, devices=devices)
    lines = _line_links(basis)
    if basis.attempt is None and devices is None:
        usable = [device for device in basis.devices if _is_covered(device, lines)]
        if sum(device.state == DeviceState.AVAILABLE for device in usable) >= basis.needs:
            basis.devices = usable
            kept = {pk for device in usable for pk in device.line_ids}
            lines = {pk: link for pk, link in lines.items() if pk in kept}
    return Candidates(_chain(basis, lines), tuple(basis.devices))


def chain_of_order(order: Order, *, now: datetime) -> Chain:
    """The links of an order; what has not been reached yet is pending."""
    basis = basis_of_order(order.pk, now=now)
    return _chain(basis, _line_links(basis))


def chain_of_filing(filing: Filing, *, now: datetime) -> Chain:
    """The links of a filing, on the devices of its order."""
    basis = basis_of_filing(filing.pk, now=now)
    return _chain(basis, _line_links(basis))


def chain_of_licence(licence: Licence, *, now: datetime) -> Chain:
    """The links around a licence: those of its order, with this licence in its authority's place."""
    basis = basis_of_order(licence.order_id, now=now)
    include_licence(basis, licence)
    lines = _line_links(basis)
    own = {pk for pk in lines if basis.lines[pk].licence_id == licence.pk}
    authority = Authority.of(licence)
    others = {pk for pk in lines if Authority.of(basis.lines[pk].licence) != authority}
    return _chain(basis, {pk: link for pk, link in lines.items() if pk in own | others})


def chain_of_device(device: Device, *, now: datetime) -> Chain | None:
    """The links behind a device; ``None`` where no receipt says where it came from."""
    if device.item is None:
        return None
    basis = basis_of_order(device.item.receipt.order_id, now=now)
    basis.devices = [each for each in basis.devices if each.pk == device.pk]
    return _chain(basis, {pk: link for pk, link in _line_links(basis).items() if pk in device.line_ids})


def _line_links(basis: Basis) -> dict[UUID, Link]:
    ordered = sorted(basis.lines.values(), key=lambda line: (line.licence.side, line.licence.reference, line.number))
    return {line.pk: licensed.licence_link(basis, line) for line in ordered}


def _is_covered(device: Device, lines: dict[UUID, Link]) -> bool:
    has_both_sides = device.exporter_line_id is not None and device.importer_line_id is not None
    return has_both_sides and all(pk in lines and lines[pk].is_whole for pk in device.line_ids)


def _chain(basis: Basis, lines: dict[UUID, Link]) -> Chain:
    return Chain(
        (
            bought.demand_link(basis),
            bought.order_link(basis),
            *(bought.determination_link(basis, regime) for regime in bought.regimes_asked(basis)),
            bought.screening_link(basis),
            *_licences(basis, lines, Side.EXPORTER),
            *_licences(basis, lines, Side.IMPORTER),
            bought.receipt_link(basis),
            licensed.device_link(basis),
            bought.site_link(basis),
            permitted.filing_link(basis),
            permitted.decision_link(basis),
            permitted.grant_link(basis),
            permitted.people_link(basis),
            permitted.warrant_link(basis),
            permitted.job_link(basis),
        )
    )


def _licences(basis: Basis, lines: dict[UUID, Link], side: Side) -> list[Link]:
    kind = LinkKind.EXPORTER_LICENCE if side == Side.EXPORTER else LinkKind.IMPORTER_LICENCE
    found = [link for link in lines.values() if link.kind == kind]
    return found or [licensed.missing_licence_link(basis, side)]
