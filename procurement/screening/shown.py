"""A match in plain values: what is stored as evidence with a hit, and what a page or a command shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from procurement.parties.models import Party
from procurement.screening.effects import Effect, effect_of
from procurement.screening.matching.matcher import Match
from procurement.screening.matching.subjects import Subject
from procurement.screening.models import Hit, ListAddress, ListEntry

THOUSANDTHS = 1000
_WORD = re.compile(r"\w+")
_HOW_WORDS = {
    "equal": "equal",
    "near": "spelt nearly alike",
    "initial": "an initial of it",
    "run_together": "alike once spaces are left out",
    "consonants": "alike in their consonants",
    "slips": "alike but for slips",
    "variant": "a variant of the same word",
    "sound": "spelt by the same sound",
    "cut_short": "the beginning of it",
}


@dataclass(frozen=True)
class Word:
    """A word of one side, and whether the other side has nothing like it."""

    text: str
    differs: bool


@dataclass(frozen=True)
class Side:
    """One fact of a hit, ours beside the list's, and whether they differ."""

    label: str
    ours: str
    listed: str
    differs: bool

    @property
    def ours_words(self) -> tuple[Word, ...]:
        """Our side word by word, so that what differs can be marked and nothing else."""
        return _words(self.ours, self.listed, self.differs)

    @property
    def listed_words(self) -> tuple[Word, ...]:
        """The list's side word by word."""
        return _words(self.listed, self.ours, self.differs)


def _words(text: str, other: str, differs: bool) -> tuple[Word, ...]:
    known = set(_WORD.findall(other.casefold()))
    return tuple(Word(word, differs and not known.issuperset(_WORD.findall(word.casefold()))) for word in text.split())


@dataclass(frozen=True)
class Part:
    """Two parts of the names that met, or one that met nothing."""

    ours: str
    listed: str
    how: str
    differs: bool


@dataclass(frozen=True)
class ShownHit:
    """A hit as a page shows it: plain values alone."""

    hit: Hit
    sides: tuple[Side, ...]
    parts: tuple[Part, ...]
    effect: Effect
    notice: str

    @property
    def score(self) -> str:
        """The score in words, such as ``93.1 of 100``."""
        return f"{self.hit.score / 10:.1f} of 100"


def shown_hit(hit: Hit) -> ShownHit:
    """A stored hit, its evidence laid side by side with the differences marked."""
    evidence = hit.evidence
    facts = hit.entry.facts
    effect = effect_of(hit.entry.list_authority, facts.get("declared_effect", ""))
    return ShownHit(hit, _sides(evidence, facts), _parts(evidence), effect, str(facts.get("notice", "")))


def _sides(evidence: dict[str, Any], facts: dict[str, Any]) -> tuple[Side, ...]:
    """Facts side by side; one that neither side has is left out, one that a side lacks does not differ."""
    ours, listed = evidence["subject"], evidence["listed"]
    beside = (
        _side_of_lists("Addresses", [ours.get("address", "")], facts.get("addresses", [])),
        _side_of_lists("Numbers", [ours.get("registration_number", "")], facts.get("identifiers", [])),
        _side_of_lists("Dates of birth", [], facts.get("born", [])),
        _side_of_lists("Held by", [], facts.get("owners", [])),
    )
    return (*_compared(ours, listed), *(side for side in beside if side.ours or side.listed))


def _side_of_lists(label: str, ours: list[str], listed: list[str]) -> Side:
    left, right = "; ".join(filter(None, ours)), "; ".join(filter(None, listed))
    is_told = bool(left and right)
    return Side(label, left, right, is_told and not any(text.casefold() == left.casefold() for text in listed))


def _compared(ours: dict[str, Any], listed: dict[str, Any]) -> tuple[Side, ...]:
    return (
        _side("Name that met", ours["name"], listed["name"]),
        _side("All names", _names(ours), _names(listed)),
        _side("Countries", ", ".join(ours["countries"]), ", ".join(listed["countries"])),
        _side("Kind", ours["kind"], listed["kind"]),
    )


def _side(label: str, ours: str, listed: str) -> Side:
    return Side(label, ours, listed, ours.casefold() != listed.casefold())


def _names(side: dict[str, Any]) -> str:
    return "; ".join(
        text if kind == "primary" else f"{text} ({kind.replace('_', ' ')})" for kind, text in side["names"]
    )


def _parts(evidence: dict[str, Any]) -> tuple[Part, ...]:
    met = [
        Part(part["query"], part["listed"], _HOW_WORDS.get(part["how"], part["how"]), part["how"] != "equal")
        for part in evidence["parts"]
    ]
    ours = [Part(token, "", "only in the party's name", True) for token in evidence["only_subject"]]
    listed = [Part("", token, "only in the listed name", True) for token in evidence["only_listed"]]
    return (*met, *ours, *listed)


def evidence_of(
    match: Match, subject: Subject, party: Party | None = None, same_address: ListAddress | None = None
) -> dict[str, Any]:
    """Everything an officer sees of a match: plain JSON, scores in thousandths."""
    comparison = match.comparison
    beside = _same_address(same_address) if same_address else []
    return {
        "v": 2,
        "is_by_address": False,
        "score": round(match.score * THOUSANDTHS),
        "name_score": round(match.name_score * THOUSANDTHS),
        "is_exact": match.is_exact,
        "subject": {
            "name": match.subject_name.text,
            "names": [[str(name.kind), name.text] for name in subject.names],
            "countries": list(subject.countries),
            "kind": str(subject.kind),
            **_of_party(party),
        },
        "listed": {
            "name": match.listed_name.text,
            "name_kind": str(match.listed_name.kind),
            "names": [[str(name.kind), name.text] for name in match.listed.names],
            "countries": list(match.listed.countries),
            "kind": str(match.listed.kind),
        },
        "via_trade_name": match.via_trade_name,
        "parts": [
            {
                "query": part.query,
                "listed": part.listed,
                "how": str(part.how),
                "similarity": round(part.similarity * THOUSANDTHS),
            }
            for part in comparison.parts
        ],
        "only_subject": list(comparison.only_query),
        "only_listed": list(comparison.only_listed),
        "evidence": [
            *beside,
            *(
                {"topic": piece.topic, "direction": str(piece.direction), "words": piece.words}
                for piece in match.evidence
            ),
        ],
    }


def evidence_by_address(row: ListAddress, subject: Subject, party: Party, score: int) -> dict[str, Any]:
    """What an officer sees where the names have nothing in common and the address is a listed one's."""
    entry = row.entry
    return {
        "v": 2,
        "is_by_address": True,
        "score": score,
        "name_score": 0,
        "is_exact": False,
        "subject": {
            "name": party.name,
            "names": [[str(name.kind), name.text] for name in subject.names],
            "countries": list(subject.countries),
            "kind": str(subject.kind),
            **_of_party(party),
        },
        "listed": {
            "name": entry.name,
            "name_kind": "primary",
            "names": [["primary", entry.name]],
            "countries": list(entry.countries),
            "kind": entry.kind,
        },
        "via_trade_name": "",
        "parts": [],
        "only_subject": [],
        "only_listed": [],
        "evidence": _same_address(row),
    }


def _of_party(party: Party | None) -> dict[str, str]:
    if party is None:
        return {}
    return {"address": party.address, "registration_number": party.registration_number}


def _same_address(row: ListAddress) -> list[dict[str, str]]:
    words = f"Same address as the listed party's: {row.address}."
    return [{"topic": "address", "direction": "for", "words": words}]


def plain_hit(match: Match, entry: ListEntry) -> dict[str, Any]:
    """A hit of an ad-hoc search, for a page, the API or a command: plain JSON."""
    effect = effect_of(entry.list_authority, entry.facts.get("declared_effect", ""))
    return {
        "entry": match.listed.key,
        "list": entry.list_authority,
        "name": entry.name,
        "matched_name": match.listed_name.text,
        "via_trade_name": match.via_trade_name,
        "score": round(match.score * THOUSANDTHS),
        "is_exact": match.is_exact,
        "countries": list(match.listed.countries),
        "effect": str(effect.kind),
        "effect_words": effect.words,
        "citation": effect.citation,
        "notice": entry.facts.get("notice", ""),
        "url": entry.url,
        "reasons": [piece.words for piece in match.evidence],
        "parts": [[part.query, part.listed, str(part.how)] for part in match.comparison.parts],
        "evidence_sha256": match.evidence_sha256,
    }
