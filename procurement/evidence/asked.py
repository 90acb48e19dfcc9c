"""Which certifications go with an order, and which pieces of evidence each of them asks for (no writes here)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from procurement.determinations.models import Determination
from procurement.determinations.rules import present
from procurement.evidence.shares import REGIME, SHARE, lines_at_cap
from procurement.orders.models import Order, OrderLine
from procurement.regimes.facts import EvidenceFacts, TransactionFacts
from procurement.regimes.outcome import Certification
from procurement.regimes.plain import from_plain
from procurement.regimes.registry import regime
from procurement.regimes.us_ear.lane_2026 import certifications

SHIPMENT: Final = "C7"
# About one product each: its figures, its share of US shipments, its units in a laboratory. The others are the order's.
OF_A_PRODUCT: Final = frozenset({"C1", SHARE, SHIPMENT})
REPORT: Final = "report per shipment, with its serial numbers"
FIGURES: Final = "TPP and bandwidth computed per precision"
SCREENING: Final = "screening log"
# What Writ itself holds: nobody files it.
OWN_PIECES: Final = frozenset({FIGURES, SCREENING})


@dataclass(frozen=True)
class Asked:
    """One certification of an order, for one of its lines where it is about a product."""

    id: str
    title: str
    pieces: tuple[str, ...]
    verify: str
    citation: str
    line: OrderLine | None = None


def asked_of(order: Order, on: date) -> list[Asked]:
    """The certifications that the order's standing determination asks for; none where it asks for none.

    A share above its cap shuts the lane, and with it the determination asks no more: they stay asked for all the same.
    """
    found = order.determinations.filter(regime=REGIME, superseded_at=None).first()
    lines = list(order.lines.select_related("chip").order_by("pk"))
    asking = _asking(found, lines) if found else []
    asking += [each for each in lines_at_cap(order, on) if each not in asking]
    if not asking:
        return []
    whole = [_asked(each, None) for each in catalogue() if each.id not in OF_A_PRODUCT]
    products = [_asked(each, line) for line in asking for each in catalogue() if each.id in OF_A_PRODUCT]
    return sorted([*whole, *products], key=lambda each: (each.id, each.line.pk if each.line else 0))


def catalogue() -> tuple[Certification, ...]:
    """C1 to C7 with the evidence that Writ holds for each, in the regime's own words."""
    return certifications(EvidenceFacts(), Decimal(0), book=present().book(REGIME))


def pieces_of(certification: Certification) -> tuple[str, ...]:
    """The pieces asked for; a shipment's report and its serial numbers come in one act."""
    if certification.id != SHIPMENT:
        return certification.evidence
    others = tuple(each for each in certification.evidence if "per shipment" not in each and "serial" not in each)
    return (*others, REPORT)


def _asked(certification: Certification, line: OrderLine | None) -> Asked:
    return Asked(
        id=certification.id,
        title=certification.title,
        pieces=pieces_of(certification),
        verify=certification.verify,
        citation=certification.citation,
        line=line,
    )


def _asking(found: Determination, lines: Sequence[OrderLine]) -> list[OrderLine]:
    """The lines whose answer asks for certifications; where the answers differ, they are computed again to tell."""
    stored = [found.result, *found.result.get("other_lines", ())]
    asks = [bool(each.get("certifications")) for each in stored]
    if all(asks):
        return list(lines)
    if not any(asks):
        return []
    return [line for line, inputs in _with_inputs(found, lines) if _asks(found, inputs)]


def _with_inputs(found: Determination, lines: Sequence[OrderLine]) -> Iterable[tuple[OrderLine, dict[str, Any]]]:
    by_chip = {each["item"]["chip"]: each for each in found.inputs["lines"]}
    return [(line, by_chip[line.chip.slug]) for line in lines if line.chip.slug in by_chip]


def _asks(found: Determination, inputs: dict[str, Any]) -> bool:
    facts, book = from_plain(TransactionFacts, inputs), present().book(found.regime)
    answer = regime(found.regime).determine(facts, on=found.on, book=book)
    return bool(answer.certifications)
