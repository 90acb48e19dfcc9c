"""What officers state of an order beside its papers: facts that other countries' rules turn on.

They stand in the inputs of the determination that they were stated for, and are carried over to the next one while
the transaction stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from procurement.determinations.models import Determination
from procurement.licences.models import Side
from procurement.licences.states import LicenceState
from procurement.orders.models import Order
from procurement.regimes.facts import ImportFacts, MalaysiaFacts, OriginFacts, TaiwanFacts, TransactionFacts
from procurement.regimes.plain import from_plain, to_plain


@dataclass(frozen=True, slots=True)
class Stated:
    """Facts that no other page of an order holds. `co_purchase_percent` is 0 to 100."""

    origin: OriginFacts = field(default_factory=OriginFacts)
    malaysia: MalaysiaFacts = field(default_factory=MalaysiaFacts)
    taiwan: TaiwanFacts = field(default_factory=TaiwanFacts)
    co_purchase_percent: Decimal | None = None
    customs_state: str = ""

    def of(self, facts: TransactionFacts, licence: str) -> TransactionFacts:
        """The facts with what was stated; the licence on file stands in where no other is named."""
        origin = replace(self.origin, us_reexport_licence=self.origin.us_reexport_licence or licence)
        imports = replace(facts.imports, co_purchase_percent=self.co_purchase_percent, customs_state=self.customs_state)
        return replace(facts, origin=origin, malaysia=self.malaysia, taiwan=self.taiwan, imports=imports)


def with_stated(
    order: Order, facts: Sequence[TransactionFacts], stated: Stated | None = None
) -> tuple[TransactionFacts, ...]:
    """The facts of an order's lines with what is stated now, or else with what was stated of the same transaction."""
    held = stated or stated_before(order, facts)
    licence = _us_licence(order)
    return tuple(held.of(each, licence) for each in facts)


def stated_before(order: Order, facts: Sequence[TransactionFacts] = ()) -> Stated:
    """What the newest determination was told; nothing where another transaction is looked at now.

    Args:
        facts: the lines as they stand now; empty takes what was stated, whatever changed since.
    """
    newest = Determination.objects.filter(order=order).order_by("-made_at", "-pk").first()
    lines = newest.inputs.get("lines", ()) if newest else ()
    if not lines or (facts and _key(lines) != _key([to_plain(each) for each in facts])):
        return Stated()
    return _read(lines[0], _us_licence(order))


def _read(line: Mapping[str, Any], licence: str) -> Stated:
    imports = from_plain(ImportFacts, line["imports"])
    origin = from_plain(OriginFacts, line.get("origin", {}))
    if origin.us_reexport_licence == licence:
        origin = replace(origin, us_reexport_licence="")
    return Stated(
        origin,
        from_plain(MalaysiaFacts, line.get("malaysia", {})),
        from_plain(TaiwanFacts, line.get("taiwan", {})),
        imports.co_purchase_percent,
        imports.customs_state,
    )


def _key(lines: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What makes two transactions the same: chips, places, parties, and what it is for."""
    first = lines[0]
    parties = sorted((each["role"], each["name"], each["country"]) for each in first["parties"])
    chips = sorted(line["item"]["chip"] for line in lines)
    return [chips, first["route"], parties, first["end_use"].get("purpose"), first["end_use"].get("is_military")]


def _us_licence(order: Order) -> str:
    """The number of the exporter's side's live licence, the newest."""
    live = order.licences.filter(side=Side.EXPORTER, state=LicenceState.ACTIVE).order_by("-issued_on", "pk").first()
    return live.number if live else ""
