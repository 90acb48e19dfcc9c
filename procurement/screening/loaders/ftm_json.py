"""Entities in the FollowTheMoney model, as OpenSanctions publishes them: one JSON object a line.

Source: the model's own reference (followthemoney.tech) and OpenSanctions' documentation of ``entities.ftm.json``.
An entity is a party (Person, Company, ...), or tells of one: Sanction, Ownership, Address, Identification. Those may
stand before or after the party they tell of, so the file is gone through twice; what tells of others is kept on disk.

A party is listed where a sanction names it or its topics say that it is restricted. One that is not listed but is held
by a listed one is an entry too, of authority ``OWNED``: whether the 50 % rule reaches it is for a person to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from procurement.screening.loaders.beside import Beside
from procurement.screening.loaders.countries import country_codes
from procurement.screening.loaders.ftm_edges import LISTED, SEEN, told_of
from procurement.screening.loaders.ftm_entities import ALL_KINDS, Entity, as_entity, is_listed
from procurement.screening.loaders.records import (
    EntryRecord,
    KeySequence,
    ListDocument,
    ListFault,
    checked_names,
    web_address,
)
from procurement.screening.matching.subjects import Name, NameKind

SOURCE = "opensanctions"
TITLE = "OpenSanctions (FollowTheMoney entities)"
OWNED = "OWNED"
MAX_LINE_BYTES = 8_000_000
_NAMES = (
    ("name", NameKind.ALIAS),
    ("alias", NameKind.ALIAS),
    ("previousName", NameKind.FORMER),
    ("weakAlias", NameKind.WEAK),
)
_COUNTRIES = ("country", "mainCountry", "jurisdiction", "nationality", "citizenship", "flag")
_IDENTIFIERS = (
    "registrationNumber", "idNumber", "passportNumber", "taxNumber", "vatCode", "innCode", "ogrnCode", "leiCode",
    "imoNumber", "uscCode", "swiftBic", "uniqueEntityId", "dunsCode",
)  # fmt: skip
# Datasets whose list's effect Writ knows, by the code it has there; any other keeps its own name.
_AUTHORITIES = {
    "us_bis_denied": "DPL", "us_ofac_sdn": "SDN", "us_bis_entity_list": "EL", "us_bis_meu": "MEU",
    "us_bis_unverified": "UVL", "un_sc_sanctions": "UN", "us_ddtc_debarred": "DTC",
}  # fmt: skip


def read(path: Path) -> ListDocument:
    """The entities in ``path``.

    Raises:
        ListFault: a line that is no entity, or cut off at its end.
    """
    beside = Beside()
    beside.keep(row for entity in _lines(path) for row in told_of(entity))
    return ListDocument(SOURCE, TITLE, _entries(path, beside), _last_seen(beside), files=(path,))


def _last_seen(beside: Beside) -> datetime | None:
    """The latest day on which an entity was seen in its source: the day the file was made."""
    latest = max((told for _, told in beside.all(SEEN)), default="")
    try:
        return datetime.combine(date.fromisoformat(latest), datetime.min.time(), tzinfo=UTC)
    except ValueError:
        return None


def _lines(path: Path) -> Iterator[Entity]:
    """Every entity of the file."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise ListFault("line_too_long", f"Line {number}: longer than {MAX_LINE_BYTES:,} bytes.")
            if not line.endswith(b"\n"):
                raise ListFault("truncated", "The last line has no line end: the file looks cut off.")
            if line.strip():
                yield as_entity(_decoded(line, number), f"Line {number}")


def _decoded(line: bytes, number: int) -> Any:
    try:
        return json.loads(line)
    except UnicodeDecodeError as fault:
        raise ListFault("not_utf8", f"Line {number}: not UTF-8 text (byte {fault.start}).") from fault
    except (ValueError, RecursionError) as fault:
        raise ListFault("broken_json", f"Line {number}: not JSON: {str(fault)[:120]}.") from fault


def _entries(path: Path, beside: Beside) -> Iterator[EntryRecord]:
    keys = KeySequence()
    with closing(beside):
        for entity in _lines(path):
            if entity.schema not in ALL_KINDS:
                continue
            if is_listed(entity) or beside.of("sanction", entity.id):
                yield _entry(entity, beside, keys, _authority(entity))
            elif any(beside.of(LISTED, json.loads(told)["owner"]) for told in beside.of("owner", entity.id)):
                yield _entry(entity, beside, keys, OWNED)


def _entry(entity: Entity, beside: Beside, keys: KeySequence, authority: str) -> EntryRecord:
    sanctions = [json.loads(told) for told in beside.of("sanction", entity.id)]
    links = [*_told(sanctions, "sourceUrl"), *entity.all("sourceUrl")]
    return EntryRecord(
        key=keys.unique(entity.id),
        authority=authority,
        names=checked_names(_names(entity), f"Entity {entity.id}"),
        kind=ALL_KINDS[entity.schema],
        countries=country_codes(tuple(text for key in _COUNTRIES for text in entity.all(key))),
        programmes=_each_once([*_told(sanctions, "program"), *_told(sanctions, "programId"), *entity.all("program")]),
        notice=next(iter(_told(sanctions, "authorityId")), ""),
        url=next(filter(None, map(web_address, links)), ""),
        reason="; ".join(_each_once(_told(sanctions, "reason")))[:2000],
        remarks="; ".join(entity.all("notes"))[:2000],
        ends_on=_ends_on(sanctions),
        addresses=_addresses(entity, beside),
        identifiers=_identifiers(entity, beside),
        born=_each_once(entity.all("birthDate")),
        owners=_owners(entity, beside),
    )


def _authority(entity: Entity) -> str:
    """The list's code where Writ knows its effect, else the dataset's own name, whose effect is to stop."""
    known = [code for dataset, code in _AUTHORITIES.items() if dataset in entity.datasets]
    return known[0] if known else next(iter(entity.datasets), SOURCE).upper()[:80]


def _names(entity: Entity) -> list[Name]:
    """The caption first, where it is one of the names, then every other name with what it is to its bearer."""
    said = [Name(text, kind) for key, kind in _NAMES for text in entity.all(key)]
    own = entity.all("name")
    first = entity.caption if entity.caption in own else next(iter(own), "")
    return [Name(first), *(name for name in said if name.text != first)]


def _addresses(entity: Entity, beside: Beside) -> tuple[str, ...]:
    named = [full for key in entity.all("addressEntity") for full in beside.of("address", key)]
    return _each_once([*entity.all("address"), *named])


def _identifiers(entity: Entity, beside: Beside) -> tuple[str, ...]:
    own = [f"{key}, {text}" for key in _IDENTIFIERS for text in entity.all(key)]
    return _each_once([*own, *beside.of("identifier", entity.id)])


def _owners(entity: Entity, beside: Beside) -> tuple[str, ...]:
    """Who holds it, listed ones with a mark: name, share in per cent where the list says one, and since when."""
    lines = []
    for told in beside.of("owner", entity.id):
        edge = json.loads(told)
        name = next(iter(beside.of("name", edge["owner"])), edge["owner"])
        mark = ", listed" if beside.of(LISTED, edge["owner"]) else ""
        lines.append(f"{name} ({edge['share'] or 'share not stated'}{mark})")
    return _each_once(lines)


def _ends_on(sanctions: list[dict[str, list[str]]]) -> date | None:
    """The last day of the last sanction, where every one of them says when it ends."""
    if not sanctions:
        return None
    ends = [max(sanction.get("endDate", []), default="")[:10] for sanction in sanctions]
    try:
        return max(date.fromisoformat(day) for day in ends)
    except ValueError:
        return None


def _told(sanctions: list[dict[str, list[str]]], key: str) -> list[str]:
    return [text for sanction in sanctions for text in sanction.get(key, [])]


def _each_once(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
