"""FollowTheMoney entities become entries: what tells of a party reaches it, wherever it stands in the file."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from procurement.screening.loaders.formats import open_list
from procurement.screening.loaders.records import EntryRecord, ListFault, checked
from procurement.screening.matching.subjects import Name, NameKind, PartyKind


def entity(schema: str, pk: str, /, *, caption: str = "", datasets: tuple[str, ...] = ("xx_list",), **properties: Any):
    plain = {key: value if isinstance(value, list) else [value] for key, value in properties.items()}
    return {
        "id": pk,
        "caption": caption or next(iter(plain.get("name", [pk]))),
        "schema": schema,
        "properties": plain,
        "datasets": list(datasets),
        "referents": [],
        "last_seen": "2026-11-20T06:00:00",
    }


WORKS = entity(
    "Company",
    "x-works",
    name=["Invented Works JSC", "АО Вымышленный завод"],
    alias="Invented Works",
    weakAlias="IW",
    previousName="Invented State Works",
    country="ru",
    jurisdiction="ru",
    innCode="7700000000",
    registrationNumber="1027700000000",
    topics="sanction",
    addressEntity="x-address",
    sourceUrl=["javascript:alert(1)", "https://list.example/works"],
)
PERSON = entity(
    "Person", "x-person", name="Imaginary Person", birthDate="1970-02-03", nationality="by", datasets=("us_ofac_sdn",)
)
SUBSIDIARY = entity("Company", "x-sub", name="Plain Subsidiary LLC", country="kz")
STRANGER = entity("Company", "x-stranger", name="Merely Mentioned Ltd")
EDGES = [
    entity("Sanction", "x-s1", entity="x-person", program="INVENTED-EO", reason="For the test.", authorityId="FR 1"),
    entity("Ownership", "x-o1", owner="x-works", asset="x-sub", percentage="60"),
    entity("Ownership", "x-o2", owner="x-stranger", asset="x-works"),
    entity("Address", "x-address", full="1 Invented Street, Moscow"),
    entity("Identification", "x-i1", holder="x-person", number="AB123", type="Passport", country="by"),
]
VESSEL = entity("Vessel", "x-ship", name="INVENTED STAR", imoNumber="IMO1234567", flag="pa", topics="sanction")


def written(folder: Path, entities: list[dict[str, Any]]) -> Path:
    path = folder / "entities.ftm.json"
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in entities))
    return path


def read(path: Path) -> dict[str, EntryRecord]:
    return {entry.key: entry for entry in checked(open_list(path))}


@pytest.fixture
def entries(tmp_path: Path) -> dict[str, EntryRecord]:
    return read(written(tmp_path, [WORKS, PERSON, SUBSIDIARY, STRANGER, *EDGES, VESSEL]))


def test_company_with_names_of_every_kind_becomes_an_entry(entries: dict[str, EntryRecord]) -> None:
    works = entries["x-works"]
    assert works.names[0] == Name("Invented Works JSC")
    assert set(works.names[1:]) == {
        Name("АО Вымышленный завод", NameKind.ALIAS),
        Name("Invented Works", NameKind.ALIAS),
        Name("Invented State Works", NameKind.FORMER),
        Name("IW", NameKind.WEAK),
    }
    assert (works.kind, works.countries) == (PartyKind.ENTITY, ("RU",))
    assert works.identifiers == ("registrationNumber, 1027700000000", "innCode, 7700000000")
    assert works.addresses == ("1 Invented Street, Moscow",)


def test_link_that_is_no_web_address_is_not_followed(entries: dict[str, EntryRecord]) -> None:
    assert entries["x-works"].url == "https://list.example/works"


def test_person_is_listed_by_the_sanction_that_names_them(entries: dict[str, EntryRecord]) -> None:
    person = entries["x-person"]
    assert (person.authority, person.kind, person.born) == ("SDN", PartyKind.INDIVIDUAL, ("1970-02-03",))
    assert (person.programmes, person.reason, person.notice) == (("INVENTED-EO",), "For the test.", "FR 1")
    assert person.identifiers == ("Passport, AB123, by",)


def test_dataset_whose_effect_is_not_known_keeps_its_own_name(entries: dict[str, EntryRecord]) -> None:
    assert entries["x-works"].authority == "XX_LIST"


def test_company_held_by_a_listed_one_is_an_entry_with_its_owner(entries: dict[str, EntryRecord]) -> None:
    assert entries["x-sub"].authority == "OWNED"
    assert entries["x-sub"].owners == ("Invented Works JSC (60, listed)",)
    assert entries["x-works"].owners == ("Merely Mentioned Ltd (share not stated)",)


def test_company_that_is_merely_mentioned_is_no_entry(entries: dict[str, EntryRecord]) -> None:
    assert "x-stranger" not in entries


def test_vessel_keeps_its_number(entries: dict[str, EntryRecord]) -> None:
    assert (entries["x-ship"].kind, entries["x-ship"].identifiers) == (PartyKind.VESSEL, ("imoNumber, IMO1234567",))


def test_list_in_another_order_gives_the_same_entries(tmp_path: Path, entries: dict[str, EntryRecord]) -> None:
    shuffled = [WORKS, PERSON, SUBSIDIARY, STRANGER, *EDGES, VESSEL]
    random.Random(1).shuffle(shuffled)
    again = read(written(tmp_path, shuffled))
    assert {key: each.content_sha256 for key, each in again.items()} == {
        key: each.content_sha256 for key, each in entries.items()
    }


def test_list_is_of_the_day_on_which_it_was_last_seen(tmp_path: Path) -> None:
    document = open_list(written(tmp_path, [WORKS]))
    assert document.source_code == "opensanctions"
    assert document.published_at is not None
    assert document.published_at.date().isoformat() == "2026-11-20"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda text: text[:-1], "truncated"),
        (lambda text: text[:-30] + "\n", "broken_json"),
        (lambda text: text.replace('"name": ["Merely Mentioned Ltd"]', '"name": "Merely"'), "wrong_form"),
        (lambda text: text.replace('"id": "x-sub"', '"id": 7'), "wrong_form"),
        (lambda text: text + "[" * 100_000 + "\n", "broken_json"),
        (lambda text: text + '"' + "x" * 8_000_001 + '"\n', "line_too_long"),
    ],
)
def test_list_that_is_broken_is_refused_with_its_reason(tmp_path: Path, spoil: Any, code: str) -> None:
    path = written(tmp_path, [STRANGER, SUBSIDIARY, WORKS])
    path.write_text(spoil(path.read_text()))
    with pytest.raises(ListFault) as refusal:
        read(path)
    assert refusal.value.code == code
