"""Every fact of the regimes has a name by which it is given by hand, or a reason why it is not."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator

import pytest

from ledger.errors import InvalidInput
from procurement.determinations.ad_hoc import read_question
from procurement.determinations.names import NAMES, NOT_ASKED, ROLES, TABLE
from procurement.regimes import facts as regime
from procurement.regimes.facts import PartyRole, TransactionFacts
from procurement.regimes.plain import to_plain
from tests.questions import SAMPLES

SECTIONS = {
    "item": regime.ItemFacts, "route": regime.RouteFacts, "exporter": regime.ExporterFacts,
    "end_use": regime.EndUseFacts, "imports": regime.ImportFacts, "evidence": regime.EvidenceFacts,
    "origin": regime.OriginFacts, "malaysia": regime.MalaysiaFacts, "taiwan": regime.TaiwanFacts,
    "history": regime.HistoryFacts, "site": regime.SiteFacts, "parties": regime.PartyFacts,
}  # fmt: skip


def paths() -> Iterator[str]:
    """Every fact by its path, read off the dataclasses."""
    for field in dataclasses.fields(TransactionFacts):
        section = SECTIONS.get(field.name)
        if section is None:
            yield field.name
            continue
        for each in dataclasses.fields(section):
            yield f"{field.name}.{each.name}"


def of_any_party(path: str) -> str:
    start, _, rest = path.partition(".")
    return f"parties.{rest.partition('.')[2]}" if start == "parties" else path


GIVEN = {of_any_party(path) for each in TABLE.values() for path in each.paths}


def test_every_section_of_the_facts_is_looked_into() -> None:
    nested = {field.name for field in dataclasses.fields(TransactionFacts) if dataclasses.is_dataclass(kind_of(field))}
    assert nested == set(SECTIONS)


def kind_of(field: dataclasses.Field[typing.Any]) -> object:
    """The class of a field; of `tuple[X, ...]` of parties X itself; remote users are given as one text."""
    hint = typing.get_type_hints(TransactionFacts)[field.name]
    if isinstance(hint, types.GenericAlias) and field.name == "parties":
        return typing.get_args(hint)[0]
    return hint


@pytest.mark.parametrize("path", list(paths()))
def test_fact_has_a_name_or_a_reason_and_not_both(path: str) -> None:
    assert (path in GIVEN) != (path in NOT_ASKED), path


def test_no_name_gives_a_fact_that_there_is_not() -> None:
    nested = {"parties.owners.listings", "parties.owners.owners"}
    assert set(paths()) >= GIVEN
    assert set(NOT_ASKED) - nested <= set(paths())


def test_a_sample_of_every_name_is_tried() -> None:
    assert set(SAMPLES) == set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE[name].paths])
def test_name_gives_its_fact(name: str) -> None:
    asked = {"chip": "h200-sxm", "to": "CN", **({"form": "memory_stack"} if name.startswith("memory") else {})}
    text, value = SAMPLES[name]
    facts = read_question({**asked, name: text}).facts
    assert fact_at(facts, TABLE[name].paths[0]) == value


def fact_at(facts: TransactionFacts, path: str) -> object:
    """The value of a fact in plain form; of a party, the one of the role that the path names."""
    head, *rest = path.split(".")
    if head == "parties":
        (found,) = [each for each in facts.parties if each.role is ROLES[rest[0]]]
        return to_plain(found)[rest[1]]
    held = to_plain(facts)[head]
    for each in rest:
        held = held[each]
    return held


def test_roles_each_have_names_of_their_own() -> None:
    assert set(ROLES.values()) == set(PartyRole)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("quantity", "2.5"), ("quantity", "-1"), ("quantity", "many"), ("site_power_kw", "nan"),
        ("end_user_owners", "Alpha|101"), ("end_user_owners", "|50"), ("end_user_listings", "on some list"),
        ("end_user_owners", "A|50|CN|prohibits|more"), ("remote_users", "X|nowhere"), ("c4_cap", "101"),
        ("memory_bandwidth_gb_s", "1200"),
    ],
)  # fmt: skip
def test_value_that_does_not_fit_is_refused_by_its_name(name: str, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_question({"chip": "h200-sxm", "to": "CN", name: text})
    assert refused.value.field == name


def test_memory_alone_needs_no_chip_of_the_catalogue() -> None:
    asked = {"chip": "HBM3E, 8-high", "form": "memory_stack", "memory_bandwidth_gb_s": "1200", "memory_area_mm2": "121"}
    item = read_question({**asked, "to": "CN"}).facts.item
    assert (item.name, item.tpp, str(item.dram_bandwidth_gb_s)) == ("HBM3E, 8-high", None, "1200")
