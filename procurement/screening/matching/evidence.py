"""What speaks for and against a match beside the names, and the hash of all that was seen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import rfc8785

from procurement.screening.matching.subjects import ListedParty, PartyKind, Subject

COUNTRY_FOR = 0.01
COUNTRY_AGAINST = -0.03
KIND_AGAINST = -0.06
MOST_FOR = COUNTRY_FOR
_SAME_PLACE = {"HK": "CN", "MO": "CN", "PRC": "CN"}


class Direction(StrEnum):
    """Which way a piece of evidence points."""

    FOR = "for"
    AGAINST = "against"
    NEUTRAL = "neutral"


@dataclass(frozen=True)
class Evidence:
    """One fact beside the names, in words an officer reads, and what it does to the score."""

    topic: str
    direction: Direction
    words: str
    adjusts: float = 0.0


def weigh(subject: Subject, listed: ListedParty) -> tuple[Evidence, ...]:
    """Everything but the names: country and kind. Silence on either side is neutral, never against."""
    return (_country(subject, listed), _kind(subject, listed))


def evidence_hash(subject: Subject, listed: ListedParty) -> str:
    """SHA-256 over what an officer sees: the entry's content and the subject's names, countries and kind.

    A decision is bound to it: while it stays the same the hit never comes back, when it changes the hit does.
    """
    seen: dict[str, Any] = {
        "v": 1,
        "entry": listed.key,
        "entry_content": listed.content_sha256,
        "subject": subject.ref,
        "names": sorted({f"{name.kind}:{name.text}" for name in subject.names}),
        "countries": sorted(set(subject.countries)),
        "kind": str(subject.kind),
    }
    return hashlib.sha256(rfc8785.dumps(seen)).hexdigest()


def _country(subject: Subject, listed: ListedParty) -> Evidence:
    ours = {_SAME_PLACE.get(code, code) for code in subject.countries}
    theirs = {_SAME_PLACE.get(code, code) for code in listed.countries}
    if not ours or not theirs:
        silent = "the party" if not ours else "the list"
        return Evidence("country", Direction.NEUTRAL, f"No country known for {silent}.")
    named = f"party {', '.join(sorted(subject.countries))}; list {', '.join(sorted(listed.countries))}"
    if ours & theirs:
        return Evidence("country", Direction.FOR, f"Same country ({named}).", COUNTRY_FOR)
    return Evidence("country", Direction.AGAINST, f"Different countries ({named}).", COUNTRY_AGAINST)


def _kind(subject: Subject, listed: ListedParty) -> Evidence:
    if PartyKind.UNKNOWN in (subject.kind, listed.kind):
        return Evidence("kind", Direction.NEUTRAL, "Person or organisation: not said on one side.")
    if subject.kind == listed.kind:
        return Evidence("kind", Direction.FOR, f"Both are of kind {listed.kind}.")
    words = f"The party is of kind {subject.kind}, the listed one of kind {listed.kind}."
    return Evidence("kind", Direction.AGAINST, words, KIND_AGAINST)
