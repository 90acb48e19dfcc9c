"""A question asked by hand, from the command line, the API or a form, and its published answer (no Django here)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final, TypeVar

from ledger.errors import InvalidInput
from procurement.catalog.chips import PublishedChip, UnknownChip, find_chip
from procurement.catalog.spec import performance_density, rounded
from procurement.regimes.facts import (
    AuthorityAnswer,
    BuyerClass,
    ExporterFacts,
    Form,
    ImportFacts,
    ItemFacts,
    MalaysiaFacts,
    OriginFacts,
    PartyFacts,
    PartyRole,
    RouteFacts,
    TaiwanFacts,
    TransactionFacts,
)
from procurement.regimes.geography import UnknownCountry, country_code
from procurement.regimes.outcome import Determination
from procurement.regimes.registry import regimes_for
from procurement.regimes.rule_set import RuleSet, own

NAMES: Final = (
    *("chip", "to", "from", "via", "exporter", "exporter_hq", "end_user_hq", "data_centre", "us_commercial", "on"),
    *("form", "encryption", "buyer_class", "state_funding", "project_complete", "domestic_reason"),
    *("co_purchase", "customs_state", "us_licence", "us_classification"),
    *("my_restricted_activity", "my_movement_on", "my_notified_on", "my_permit_answer"),
    *("tw_shtc", "tw_list_checked_on", "tw_permit_answer"),
)
TEXT_LIMIT: Final = 4000
Choice = TypeVar("Choice", bound=StrEnum)


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
    values = {str(name).strip().replace("-", "_"): _text(name, value) for name, value in given.items()}
    if unknown := set(values) - set(NAMES):
        known = ", ".join(NAMES)
        raise InvalidInput(f"{', '.join(sorted(unknown))}: no such name; known are {known}.", field=min(unknown))
    values = {name: value for name, value in values.items() if value}
    to = _country(values, "to")
    if to is None:
        raise InvalidInput("Give the destination (`to`) as a two-letter country code.", field="to")
    via = _country(values, "via")
    facts = TransactionFacts(
        item=_item(values),
        route=RouteFacts(_country(values, "from") or "US", to, (via,) if via else ()),
        exporter=ExporterFacts(values.get("exporter"), _country(values, "exporter_hq")),
        parties=_end_user(values, to),
        imports=_imports(values),
        origin=OriginFacts(values.get("us_licence", ""), values.get("us_classification", "")),
        malaysia=_malaysia(values),
        taiwan=_taiwan(values),
    )
    return Asked(facts, _day(values))


def read_day(name: str, text: str) -> date:
    """A day as it is typed. Raises: InvalidInput, with `field` the name of the value."""
    if (found := _day({name: text.strip()}, name)) is None:
        raise InvalidInput(f"{name}: give a date such as 2026-01-15.", field=name)
    return found


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


def _item(values: Mapping[str, str]) -> ItemFacts:
    if "chip" not in values:
        raise InvalidInput("Name the chip (`chip`), such as h200-sxm.", field="chip")
    try:
        item = item_of(find_chip(values["chip"]))
    except UnknownChip as unknown:
        raise InvalidInput(f"{unknown}.", field="chip") from unknown
    data_centre, us_commercial = _yes_no(values, "data_centre"), _yes_no(values, "us_commercial")
    return replace(
        item,
        is_data_centre=item.is_data_centre if data_centre is None else data_centre,
        is_us_commercial=item.is_us_commercial if us_commercial is None else us_commercial,
        form=_choice(values, "form", Form),
        has_encryption=_yes_no(values, "encryption"),
    )


def _end_user(values: Mapping[str, str], to: str) -> tuple[PartyFacts, ...]:
    """The end user at the destination; one country stands for its headquarters and its ultimate parent."""
    hq = _country(values, "end_user_hq")
    return (PartyFacts(PartyRole.END_USER, "The end user", to, hq, hq),) if hq else ()


def _imports(values: Mapping[str, str]) -> ImportFacts:
    return ImportFacts(
        buyer_class=_choice(values, "buyer_class", BuyerClass),
        state_funding_percent=_percent(values, "state_funding"),
        project_complete_percent=_percent(values, "project_complete"),
        domestic_reason=values.get("domestic_reason", ""),
        co_purchase_percent=_percent(values, "co_purchase"),
        customs_state=values.get("customs_state", ""),
    )


def _malaysia(values: Mapping[str, str]) -> MalaysiaFacts:
    return MalaysiaFacts(
        is_restricted_activity=_yes_no(values, "my_restricted_activity"),
        movement_on=_day(values, "my_movement_on"),
        notified_on=_day(values, "my_notified_on"),
        permit_answer=_choice(values, "my_permit_answer", AuthorityAnswer),
    )


def _taiwan(values: Mapping[str, str]) -> TaiwanFacts:
    return TaiwanFacts(
        is_shtc=_yes_no(values, "tw_shtc"),
        list_checked_on=_day(values, "tw_list_checked_on"),
        permit_answer=_choice(values, "tw_permit_answer", AuthorityAnswer),
    )


def _text(name: object, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int | float):
        raise InvalidInput(f"{name}: {value!r} is not a plain value.", field=str(name))
    text = str(value).strip()
    if len(text) > TEXT_LIMIT:
        raise InvalidInput(f"{name}: at most {TEXT_LIMIT} characters.", field=str(name))
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\r\t" for each in text):
        raise InvalidInput(f"{name}: holds a control character.", field=str(name))
    return text


def _country(values: Mapping[str, str], name: str) -> str | None:
    if name not in values:
        return None
    try:
        return country_code(values[name])
    except UnknownCountry as unknown:
        raise InvalidInput(f"{name}: {unknown}.", field=name) from unknown


def _yes_no(values: Mapping[str, str], name: str) -> bool | None:
    if name not in values:
        return None
    known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if values[name].lower() not in known:
        raise InvalidInput(f"{name}: {values[name]!r} is neither yes nor no.", field=name)
    return known[values[name].lower()]


def _choice(values: Mapping[str, str], name: str, kind: type[Choice]) -> Choice | None:
    if name not in values:
        return None
    try:
        return kind(values[name].lower().replace("-", "_"))
    except ValueError as unknown:
        known = ", ".join(each.value for each in kind)
        raise InvalidInput(f"{name}: {values[name]!r} is not one of {known}.", field=name) from unknown


def _percent(values: Mapping[str, str], name: str) -> Decimal | None:
    if name not in values:
        return None
    try:
        value = Decimal(values[name].removesuffix("%").strip())
    except InvalidOperation as wrong:
        raise InvalidInput(f"{name}: {values[name]!r} is not a percentage.", field=name) from wrong
    if not value.is_finite() or not 0 <= value <= 100:
        raise InvalidInput(f"{name}: {values[name]} is not between 0 and 100.", field=name)
    return value


def _day(values: Mapping[str, str], name: str = "on") -> date | None:
    if name not in values:
        return None
    try:
        return date.fromisoformat(values[name])
    except ValueError as wrong:
        raise InvalidInput(f"{name}: {values[name]!r} is not a date such as 2026-01-15.", field=name) from wrong


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
