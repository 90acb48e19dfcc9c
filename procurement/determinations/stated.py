"""What officers state of an order beside its papers: facts that a regime turns on and no page of it holds.

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
from procurement.regimes.facts import (
    ImportFacts,
    MalaysiaFacts,
    OriginFacts,
    PartyFacts,
    PartyRole,
    TaiwanFacts,
    TransactionFacts,
)
from procurement.regimes.plain import from_plain, to_plain


@dataclass(frozen=True, slots=True)
class UsFacts:
    """What the US rules turn on and no paper of an order says.

    Args:
        is_mass_market: of its encryption; other_eccn the entry that it meets besides.
        is_uae_cleared: the end user is the UAE government, or named in supplement no. 8 to part 740.
        is_validated_end_user: the end user is named in supplement no. 7 to part 748.
    """

    is_mass_market: bool | None = None
    other_eccn: str = ""
    is_military_intelligence: bool | None = None
    duty_free_use: str = ""
    duty_free_use_confirmed: bool = False
    is_uae_cleared: bool | None = None
    is_validated_end_user: bool | None = None

    def of(self, facts: TransactionFacts) -> TransactionFacts:
        """The facts with these in their places."""
        return replace(
            facts,
            item=replace(facts.item, is_mass_market=self.is_mass_market, other_eccn=self.other_eccn or None),
            end_use=replace(
                facts.end_use,
                is_military_intelligence=self.is_military_intelligence,
                duty_free_use=self.duty_free_use or None,
                duty_free_use_confirmed=self.duty_free_use_confirmed,
            ),
            parties=tuple(self._party(each) for each in facts.parties),
        )

    def _party(self, party: PartyFacts) -> PartyFacts:
        if party.role is not PartyRole.END_USER:
            return party
        return replace(party, is_uae_cleared=self.is_uae_cleared, is_validated_end_user=self.is_validated_end_user)

    @classmethod
    def read(cls, line: Mapping[str, Any]) -> UsFacts:
        """What was stated for a stored line."""
        item, use = line["item"], line["end_use"]
        end_users = [each for each in line["parties"] if each["role"] == PartyRole.END_USER]
        party = end_users[0] if end_users else {}
        return cls(
            item.get("is_mass_market"),
            item.get("other_eccn") or "",
            use.get("is_military_intelligence"),
            use.get("duty_free_use") or "",
            bool(use.get("duty_free_use_confirmed")),
            party.get("is_uae_cleared"),
            party.get("is_validated_end_user"),
        )


@dataclass(frozen=True, slots=True)
class Stated:
    """Facts that no other page of an order holds. `co_purchase_percent` is 0 to 100."""

    origin: OriginFacts = field(default_factory=OriginFacts)
    malaysia: MalaysiaFacts = field(default_factory=MalaysiaFacts)
    taiwan: TaiwanFacts = field(default_factory=TaiwanFacts)
    co_purchase_percent: Decimal | None = None
    customs_state: str = ""
    co_purchased: tuple[str, ...] = ()
    us: UsFacts = field(default_factory=UsFacts)

    def of(self, facts: TransactionFacts, licence: str) -> TransactionFacts:
        """The facts with what was stated; the licence on file stands in where no other is named."""
        origin = replace(self.origin, us_reexport_licence=self.origin.us_reexport_licence or licence)
        imports = replace(
            facts.imports,
            co_purchase_percent=self.co_purchase_percent,
            customs_state=self.customs_state,
            co_purchased=self.co_purchased,
        )
        found = replace(facts, origin=origin, malaysia=self.malaysia, taiwan=self.taiwan, imports=imports)
        return self.us.of(found)


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
        imports.co_purchased,
        UsFacts.read(line),
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
