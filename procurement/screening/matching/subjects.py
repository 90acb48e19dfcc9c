"""What is compared: a subject (one of our parties, or a typed name) and a listed party."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NameKind(StrEnum):
    """What a name is to the party that bears it."""

    PRIMARY = "primary"
    ALIAS = "alias"
    FORMER = "former"
    WEAK = "weak"
    ORIGINAL_SCRIPT = "original_script"


class PartyKind(StrEnum):
    """What sort of thing is named; ``UNKNOWN`` where the list does not say."""

    INDIVIDUAL = "individual"
    ENTITY = "entity"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Name:
    """One name as it is written, and what it is to its bearer."""

    text: str
    kind: NameKind = NameKind.PRIMARY


@dataclass(frozen=True)
class Subject:
    """Who is screened.

    Attributes:
        ref: stable identity of the party, so that a decision on one never clears a namesake; "" ad hoc.
        names: every name it bears or bore.
        countries: ISO 3166-1 alpha-2 codes, upper case.
        kind: individual, entity, or unknown.
    """

    ref: str
    names: tuple[Name, ...]
    countries: tuple[str, ...] = ()
    kind: PartyKind = PartyKind.UNKNOWN


@dataclass(frozen=True)
class ListedParty:
    """One entry of a list, as far as matching needs it.

    Attributes:
        key: stable identity of the entry inside all lists, such as ``csl:SDN:20264``.
        content_sha256: hash of everything the list says of it.
    """

    key: str
    content_sha256: str
    names: tuple[Name, ...]
    countries: tuple[str, ...] = ()
    kind: PartyKind = PartyKind.UNKNOWN
