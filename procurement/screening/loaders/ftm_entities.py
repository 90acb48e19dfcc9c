"""One FollowTheMoney entity: its schema, its properties as texts, and whether it is listed by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from procurement.screening.loaders.records import ListFault, clean
from procurement.screening.matching.subjects import PartyKind

ALL_KINDS = {
    "Person": PartyKind.INDIVIDUAL,
    "LegalEntity": PartyKind.ENTITY,
    "Organization": PartyKind.ENTITY,
    "Company": PartyKind.ENTITY,
    "PublicBody": PartyKind.ENTITY,
    "Vessel": PartyKind.VESSEL,
    "Airplane": PartyKind.AIRCRAFT,
}
_RESTRICTED_TOPICS = ("sanction", "export.control", "export.risk", "debarment")
_NOT_RESTRICTED = frozenset({"sanction.linked"})
_TEXTS_LIMIT = 1000


@dataclass(frozen=True)
class Entity:
    """An entity as its line says it."""

    id: str
    schema: str
    caption: str
    datasets: tuple[str, ...]
    last_seen: str
    properties: dict[str, list[str]]

    def all(self, key: str) -> list[str]:
        """The values of a property, cleaned, without blanks."""
        return self.properties.get(key, [])


def as_entity(plain: Any, where: str) -> Entity:
    """An entity from its JSON.

    Raises:
        ListFault: not of the model's shape.
    """
    if not isinstance(plain, dict) or not isinstance(plain.get("properties"), dict):
        raise ListFault("wrong_form", f"{where}: no entity with properties.")
    number, schema = plain.get("id"), plain.get("schema")
    if not isinstance(number, str) or not clean(number) or not isinstance(schema, str):
        raise ListFault("wrong_form", f"{where}: an entity has an id and a schema.")
    return Entity(
        id=clean(number),
        schema=schema,
        caption=_text(plain.get("caption"), where),
        datasets=tuple(_texts(plain.get("datasets") or [], where)),
        last_seen=_text(plain.get("last_seen"), where)[:10],
        properties={str(key): _texts(values, where) for key, values in plain["properties"].items()},
    )


def is_listed(entity: Entity) -> bool:
    """Whether its own topics say that it is restricted; a sanction that names it says so too."""
    topics = [topic for topic in entity.all("topics") if topic not in _NOT_RESTRICTED]
    return any(topic.startswith(_RESTRICTED_TOPICS) for topic in topics)


def _text(value: Any, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ListFault("wrong_form", f"{where}: {type(value).__name__} where a text belongs.")
    return clean(value)


def _texts(values: Any, where: str) -> list[str]:
    """The texts of a property; a nested entity stands for its id."""
    if not isinstance(values, list):
        raise ListFault("wrong_form", f"{where}: a property is a list of texts.")
    if len(values) > _TEXTS_LIMIT:
        raise ListFault("too_many_texts", f"{where}: a property of {len(values)} texts.")
    texts = [value.get("id") if isinstance(value, dict) else value for value in values]
    return [text for text in (_text(value, where) for value in texts) if text]
