"""What evidence still stands in an order's way: before it is approved, before it ships (no writes here)."""

from __future__ import annotations

from datetime import date

from procurement.evidence.asked import REPORT, SHIPMENT
from procurement.evidence.models import Evidence
from procurement.evidence.standing import Standing, counts_on, standing_of
from procurement.evidence.states import EvidenceState
from procurement.orders.models import Order, OrderLine
from procurement.regimes.outcome import CertificationState


def approval_blockers(order: Order, on: date) -> list[str]:
    """A certified share at its cap: an order that can never ship under it is not approved."""
    return [_at_cap(each) for each in standing_of(order, on) if each.state is CertificationState.BLOCKED]


def approval_warnings(order: Order, on: date) -> list[str]:
    """Certifications that are not held yet: an approval may come before them, a release may not."""
    missing = [each for each in standing_of(order, on) if each.state is CertificationState.MISSING]
    return [f"{each.name} is not held yet: {'; '.join(each.lacks())}." for each in missing]


def release_blockers(line: OrderLine, on: date) -> list[str]:
    """Every certification of the order and of this line's product that is not held, and a share at its cap."""
    concerned = [each for each in standing_of(line.order, on) if each.asked.line in (None, line)]
    return [
        _at_cap(each)
        if each.state is CertificationState.BLOCKED
        else f"{each.name} is not held: {'; '.join(each.lacks())}."
        for each in concerned
        if each.state is not CertificationState.HELD
    ]


def unused_report(line: OrderLine, quantity: int, on: date) -> Evidence | None:
    """The oldest accepted laboratory report on just so many units of a line that no release has used."""
    reports = Evidence.objects.filter(
        line=line, certification=SHIPMENT, piece=REPORT, is_report=True, state=EvidenceState.ACCEPTED, use=None
    ).order_by("decided_at", "pk")
    return next((each for each in reports if len(each.serials) == quantity and counts_on(each, on)), None)


def _at_cap(standing: Standing) -> str:
    return f"{standing.name} is blocked: the exporter's certified share has reached the cap that it states."
