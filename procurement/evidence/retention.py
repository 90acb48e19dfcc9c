"""Until when the records of an order and its licences are kept, and why (no writes here)."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db.models import Max

from ledger.models import Entry
from procurement.determinations.rules import present
from procurement.evidence.shares import REGIME
from procurement.orders.models import Order
from procurement.regimes.citations import linked
from procurement.regimes.dated import LawFault
from procurement.regimes.registry import regime
from procurement.regimes.retention import RecordFacts, Retention, keep_until

ENDS: Final = ("order.declined", "order.withdrawn")


def record_facts(order: Order) -> RecordFacts:
    """The days that keeping is counted from, as Writ holds them.

    Simplification: the last arrival stands for the export, which came before it, so that records are kept longer rather
    than shorter; nothing here knows of a reexport or a diversion that nobody recorded.
    """
    arrived = order.receipts.aggregate(last=Max("received_on"))["last"]
    end = Entry.objects.filter(subject_kind="order", subject_id=str(order.pk), act__in=ENDS).order_by("-at").first()
    ended_on = regime(REGIME).local_date(end.at) if end else None
    return RecordFacts(exported_on=arrived, ended_on=ended_on)


def retention_of(order: Order, on: date) -> Retention | None:
    """The longest rule that asks for the order's records on a day; None where the rules hold nothing for it."""
    try:
        return keep_until(record_facts(order), on=on, book=present().book(REGIME))
    except LawFault:
        return None


def shown(order: Order, on: date) -> dict[str, Any] | None:
    """For the pages of an order and of its licences, whose records are kept as long."""
    found = retention_of(order, on)
    if found is None:
        return None
    units = sum(line.quantity for line in order.lines.all())
    received = sum(each.items.count() for each in order.receipts.all())
    return {
        "until": found.until,
        "is_held": found.is_held,
        "reasons": [{"text": each.text, "links": linked(each.citation)} for each in found.reasons],
        "unverified": found.unverified,
        "may_move": found.until is not None and 0 < received < units,
    }
