"""Until when the records of an order and its licences are kept, and why (no writes here)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.db.models import Max

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.models import Entry
from procurement.determinations.rules import present
from procurement.evidence.shares import REGIME
from procurement.licences.models import Licence
from procurement.orders.models import Order
from procurement.records.models import CountedFrom, LegalHold
from procurement.records.queries import diverted_on, holds_of_order, term_in_effect
from procurement.regimes.citations import linked
from procurement.regimes.dated import LawFault
from procurement.regimes.registry import regime
from procurement.regimes.retention import Hold, LicenceTerm, RecordFacts, Retention, keep_until, years_after

ENDS: Final = ("order.declined", "order.withdrawn")


def record_facts(order: Order) -> RecordFacts:
    """The days that keeping is counted from, as Writ holds them, with the licences' own terms and the legal holds.

    Simplification: the last arrival stands for the export, which came before it, so that records are kept longer rather
    than shorter. A reexport, transshipment or diversion counts once an officer has put it on record.
    """
    arrived = order.receipts.aggregate(last=Max("received_on"))["last"]
    end = Entry.objects.filter(subject_kind="order", subject_id=str(order.pk), act__in=ENDS).order_by("-at").first()
    ended_on = regime(REGIME).local_date(end.at) if end else None
    days = RecordFacts(exported_on=arrived, diverted_on=diverted_on(order), ended_on=ended_on)
    return replace(
        days,
        licence_terms=tuple(licence_terms(order, days.counted_from)),
        holds=tuple(hold_facts(each) for each in holds_of_order(order).order_by("placed_at", "pk")),
    )


def hold_facts(hold: LegalHold) -> Hold:
    """A hold as the rule takes it. One whose lifting is only proposed stands."""
    return Hold(hold.reference, hold.placed_on, hold.lifted_on, hold.is_agency_request)


def licence_terms(order: Order, ended_on: date | None) -> Iterable[LicenceTerm]:
    """What each licence of the order asks for itself, drafts and ended ones too: that errs to the longer side."""
    for licence in order.licences.order_by("number", "pk"):
        stated = term_in_effect(licence)
        if stated is None or stated.years is None:
            continue
        of_licence = stated.counted_from == CountedFrom.LICENCE_END
        start = last_day(licence) if of_licence else ended_on
        whence = "the last day that it allows" if of_licence else "the end of the transaction"
        until = years_after(start, stated.years) if start else None
        yield LicenceTerm(licence.number, until, f"{stated.years} {_years(stated.years)} from {whence}")


def last_day(licence: Licence) -> date | None:
    """The last day that a licence allows anything; None where a line sets no end to use, or there is no line."""
    lines = list(licence.lines.all())
    ends = [line.use_until for line in lines if line.use_until is not None]
    return max(ends) if lines and len(ends) == len(lines) else None


def retention_of(order: Order, on: date) -> Retention | None:
    """The longest rule that asks for the order's records on a day; None where the rules hold nothing for it."""
    try:
        return keep_until(record_facts(order), on=on, book=present().book(REGIME))
    except LawFault:
        return None


def shown(order: Order, on: date, actor: Actor) -> dict[str, Any] | None:
    """For the pages of an order, its filings, cases and licences, whose records are kept as long.

    Whoever does not see reviews hears that a hold stands, not which: an inquiry is not told to whom it may be about.
    """
    found = retention_of(order, on)
    if found is None:
        return None
    units = sum(line.quantity for line in order.lines.all())
    received = sum(each.items.count() for each in order.receipts.all())
    told = [each for each in found.reasons if not each.is_hold or actor.may(Act.SEE_REVIEW)]
    return {
        "until": found.until,
        "is_held": found.is_held,
        "reasons": [{"text": each.text, "links": linked(each.citation)} for each in told],
        "unverified": found.unverified,
        "may_move": found.until is not None and 0 < received < units,
    }


def _years(count: int) -> str:
    return "year" if count == 1 else "years"
