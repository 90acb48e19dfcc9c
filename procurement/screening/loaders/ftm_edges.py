"""What FollowTheMoney entities tell of others: sanctions, shares, addresses, identifications, and who is listed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from procurement.screening.loaders.ftm_entities import ALL_KINDS, Entity, is_listed

LISTED, SEEN = "listed", "seen"
_SANCTION_FACTS = ("program", "programId", "authorityId", "reason", "sourceUrl", "startDate", "endDate")
Row = tuple[str, str, str]


def told_of(entity: Entity) -> Iterator[Row]:
    """Rows of (topic, whom it is told of, what) that an entity gives."""
    if entity.last_seen:
        yield SEEN, "", entity.last_seen
    match entity.schema:
        case "Sanction":
            yield from _sanction(entity)
        case "Ownership":
            yield from _shares(entity)
        case "Address":
            yield "address", entity.id, next(iter(entity.all("full")), "")
        case "Identification" | "Passport":
            yield from _identifications(entity)
        case schema if schema in ALL_KINDS:
            yield "name", entity.id, entity.caption or next(iter(entity.all("name")), "")
            if is_listed(entity):
                yield LISTED, entity.id, ""


def _sanction(entity: Entity) -> Iterator[Row]:
    told = json.dumps({key: entity.all(key) for key in _SANCTION_FACTS if entity.all(key)})
    for party in entity.all("entity"):
        yield "sanction", party, told
        yield LISTED, party, ""


def _shares(entity: Entity) -> Iterator[Row]:
    """One row for each owner and each thing owned; a share of the past is not told."""
    if entity.all("endDate") and max(entity.all("endDate")) < entity.last_seen:
        return
    share = next(iter(entity.all("percentage")), "")
    for asset in entity.all("asset"):
        for owner in entity.all("owner"):
            yield "owner", asset, json.dumps({"owner": owner, "share": share})


def _identifications(entity: Entity) -> Iterator[Row]:
    kind = next(iter(entity.all("type")), entity.schema)
    for holder in entity.all("holder"):
        for number in entity.all("number"):
            yield "identifier", holder, ", ".join([kind, number, *entity.all("country")])
