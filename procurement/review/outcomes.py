"""What a decision does to the thing decided upon, and what stands in an approval's way."""

from __future__ import annotations

from accounts.actors import Actor
from ledger import events
from procurement.filings import services as filings
from procurement.orders import services as orders
from procurement.review.models import Case, Decision
from procurement.review.states import CaseKind, Outcome


def blockers(matter: Case) -> list[str]:
    """Every reason why the case cannot be approved now."""
    match CaseKind(matter.kind):
        case CaseKind.ORDER:
            return [] if matter.order is None else orders.approval_blockers(matter.order)
        case CaseKind.FILING:
            return [] if matter.filing is None else filings.approval_blockers(matter.filing)
        case CaseKind.INCIDENT:
            return []


def apply(*, actor: Actor, decision: Decision) -> None:
    """Carry a final decision out, in its own transaction."""
    matter = decision.case
    match CaseKind(matter.kind):
        case CaseKind.ORDER:
            if matter.order is not None:
                orders.apply_order_decision(actor=actor, order=matter.order, decision=decision)
        case CaseKind.FILING:
            if matter.filing is not None:
                filings.apply_filing_decision(actor=actor, filing=matter.filing, decision=decision)
        case CaseKind.INCIDENT:
            cleared = decision.outcome == Outcome.APPROVE
            events.publish(events.IncidentDecided(matter.incident_ref, cleared, decision.reason))
