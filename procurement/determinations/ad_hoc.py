"""A question asked by hand, from the command line, the API or a form, and its published answer (no Django here)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ledger.errors import InvalidInput
from procurement.catalog.chips import PublishedChip, UnknownChip, find_chip
from procurement.catalog.spec import performance_density, rounded
from procurement.determinations.names import HQ, NAMES, PARENT, ROLES, TABLE
from procurement.determinations.readers import day, plain
from procurement.regimes.facts import Form, ItemFacts, PartyFacts, RouteFacts, TransactionFacts
from procurement.regimes.outcome import Determination
from procurement.regimes.registry import regimes_for
from procurement.regimes.rule_set import RuleSet, own


@dataclass(frozen=True)
class Asked:
    """A transaction asked about; `on` None means today by each regime's own calendar."""

    facts: TransactionFacts
    on: date | None


@dataclass(frozen=True)
class Published:
    """The answer: the determination of each regime concerned, and the published JSON."""

    facts: TransactionFacts
    determinations: tuple[Determination, ...]
    on: date

    def to_json(self) -> dict[str, Any]:
        """The published schema, the same on the command line, in the API and in a batch."""
        item = self.facts.item
        density = None if item.tpp is None else rounded(performance_density(item.tpp, item.die_area_mm2))
        return {
            "chip": item.chip,
            "tpp": _number(item.tpp),
            "pd": _number(density),
            "dram_bandwidth_gb_s": _number(item.dram_bandwidth_gb_s),
            "eccn": next((each.eccn for each in self.determinations if each.eccn), None),
            "outcomes": [each.to_outcome() for each in self.determinations],
            "on": self.on.isoformat(),
        }


def published(asked: Asked, now: datetime | None = None, *, rules: RuleSet | None = None) -> Published:
    """The answer of each regime concerned, on the day asked or its own local date, by the packages' rules or a set."""
    moment = now or datetime.now(UTC)
    regimes = regimes_for(asked.facts)
    days = [asked.on or regime.local_date(moment) for regime in regimes]
    held = rules or own()
    answers = [
        regime.determine(asked.facts, on=day, book=held.book(regime.id))
        for regime, day in zip(regimes, days, strict=True)
    ]
    return Published(asked.facts, tuple(answers), days[0])


def read_question(given: Mapping[str, Any]) -> Asked:
    """The transaction that names and values describe; the names are those of the command's options.

    Raises:
        InvalidInput: an unknown name, a missing one, or a value that does not fit; `field` names it.
    """
    values = {str(name).strip().replace("-", "_"): plain(name, value) for name, value in given.items()}
    if unknown := set(values) - set(NAMES):
        known = ", ".join(NAMES)
        raise InvalidInput(f"{', '.join(sorted(unknown))}: no such name; known are {known}.", field=min(unknown))
    read = {name: TABLE[name].read(name, text) for name, text in values.items() if text}
    if "to" not in read:
        raise InvalidInput("Give the destination (`to`) as a two-letter country code.", field="to")
    facts = TransactionFacts(
        item=_item(read),
        route=RouteFacts(**{"from_country": "US", **_section("route", read)}),
        parties=tuple(_parties(read)),
    )
    return Asked(_with_sections(facts, read), read.get("on"))


def read_day(name: str, text: str) -> date:
    """A day as it is typed. Raises: InvalidInput, with `field` the name of the value."""
    if not text.strip():
        raise InvalidInput(f"{name}: give a date such as 2026-01-15.", field=name)
    return day(name, text.strip())


def item_of(chip: PublishedChip) -> ItemFacts:
    """A chip of the catalogue's file as the item of a transaction."""
    return ItemFacts(
        chip=chip.slug,
        name=chip.name,
        maker=chip.maker,
        maker_country=chip.maker_country,
        tpp=chip.tpp,
        die_area_mm2=chip.die_area_mm2,
        dram_bandwidth_gb_s=chip.dram_bandwidth_gb_s,
        interconnect_gb_s=chip.interconnect_gb_s,
        is_data_centre=chip.is_data_centre,
        is_us_commercial=chip.is_us_commercial,
        estimates=chip.estimates,
    )


def _item(read: Mapping[str, Any]) -> ItemFacts:
    facts = _section("item", read)
    is_memory = facts.get("form") is Form.MEMORY_STACK
    if "dram_bandwidth_gb_s" in facts and not is_memory:
        raise InvalidInput("A bandwidth is given of memory alone (form memory_stack).", field="memory_bandwidth_gb_s")
    named = facts.pop("chip", "")
    facts.pop("name", None)
    if is_memory and "dram_bandwidth_gb_s" in facts:
        return replace(_memory(named), **facts)
    if not named:
        raise InvalidInput("Name the chip (`chip`), such as h200-sxm.", field="chip")
    try:
        return replace(item_of(find_chip(named)), **facts)
    except UnknownChip as unknown:
        raise InvalidInput(f"{unknown}.", field="chip") from unknown


def _memory(name: str) -> ItemFacts:
    """Memory sold alone, which the catalogue of chips does not hold."""
    text = name or "memory sold alone"
    return ItemFacts(text, text, "", "", None, None, None, None, None, None)


def _parties(read: Mapping[str, Any]) -> Iterator[PartyFacts]:
    """A party for each role of which anything is given; where only its headquarters is, it is at the destination."""
    for prefix, role in ROLES.items():
        facts = _section(f"parties.{prefix}", read)
        if not facts:
            continue
        first = {"name": f"The {prefix.replace('_', ' ')}", "country": read["to"], HQ: None, PARENT: facts.get(HQ)}
        if prefix == "forwarder":
            first["is_forwarder"] = True
        yield PartyFacts(role=role, **{**first, **facts})


def _with_sections(facts: TransactionFacts, read: Mapping[str, Any]) -> TransactionFacts:
    """The facts with every section of which anything is given, and what stands in no section."""
    alone = ("remote_users", "ordered_beside")
    sections = ("exporter", "end_use", "imports", "evidence", "origin", "malaysia", "taiwan", "history", "site")
    filled = {name: replace(getattr(facts, name), **_section(name, read)) for name in sections}
    return replace(facts, **filled, **{name: read[name] for name in alone if name in read})


def _section(section: str, read: Mapping[str, Any]) -> dict[str, Any]:
    """Field -> value of what is given of one section of the facts."""
    start = f"{section}."
    return {
        path.removeprefix(start): value
        for name, value in read.items()
        for path in TABLE[name].paths
        if path.startswith(start)
    }


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
