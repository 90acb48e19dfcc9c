"""The certified share of C4: which statement counts, and whether it has reached its cap (no writes here)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from procurement.determinations.rules import present
from procurement.evidence.models import Evidence
from procurement.evidence.states import EvidenceState
from procurement.orders.models import Order, OrderLine

REGIME: Final = "us_ear"
SHARE: Final = "C4"
RULE_CAP: Final = "lane.2026.share_cap"


def latest_share(rows: Sequence[Evidence], line: OrderLine | None) -> Evidence | None:
    """The newest statement of C4 that was accepted; one withdrawn since still blocks until a later one is accepted."""
    about = line.pk if line else None
    counted = [
        each
        for each in rows
        if each.certification == SHARE
        and each.line_id == about
        and each.decider_id is not None
        and each.state in (EvidenceState.ACCEPTED, EvidenceState.WITHDRAWN)
    ]
    return max(counted, key=lambda each: (each.as_of or date.min, each.decided_at, each.pk), default=None)


def is_at_cap(statement: Evidence, on: date) -> bool:
    """Whether a certified share has reached the cap that it states, or the rule's where that is lower.

    At the cap nothing more may ship, since the next unit goes beyond it.
    """
    if statement.share_percent is None or statement.cap_percent is None:
        return False
    return statement.share_percent >= min(statement.cap_percent, rule_cap(on) or statement.cap_percent)


def rule_cap(on: date) -> Decimal | None:
    """The cap of the rule on a day, in per cent; None before the rule."""
    return present().book(REGIME).at(on).value(RULE_CAP)


def lines_at_cap(order: Order, on: date) -> list[OrderLine]:
    """The lines whose product's certified share has reached its cap, whatever the determination asks meanwhile.

    Above the cap the lane itself is shut and asks for no certifications; the block stands all the same, and a later
    statement can be filed.
    """
    rows = list(Evidence.objects.filter(order=order, certification=SHARE))
    lines = order.lines.select_related("chip").order_by("pk") if rows else []
    return [line for line in lines if (found := latest_share(rows, line)) is not None and is_at_cap(found, on)]
