"""One subject against one index: at most one match per listed party, each with its explanation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from procurement.screening.matching.aliases import english_names
from procurement.screening.matching.evidence import Evidence, evidence_hash, weigh
from procurement.screening.matching.index import CandidateIndex, IndexedName
from procurement.screening.matching.normalise import Normalised, normalise
from procurement.screening.matching.scoring import Comparison, compare
from procurement.screening.matching.subjects import ListedParty, Name, NameKind, Subject

DEFAULT_THRESHOLD = 0.82
EXACT = 1.0
WEAK_NAME_PENALTY = 0.03


@dataclass(frozen=True)
class Match:
    """A listed party that a subject may be: evidence, not a verdict.

    Attributes:
        score: names and other evidence together, 0 to 1.
        name_score: the names alone.
        subject_name: the subject's name (or its trade name) that met.
        listed_name: the listed party's name that met.
        via_trade_name: the English name that stood for a Chinese one; "" otherwise.
    """

    listed: ListedParty
    score: float
    name_score: float
    subject_name: Name
    listed_name: Name
    via_trade_name: str
    comparison: Comparison
    evidence: tuple[Evidence, ...]
    evidence_sha256: str

    @property
    def is_exact(self) -> bool:
        """Whether the names are equal but for order, spelling variants and legal form."""
        return self.name_score >= EXACT


@dataclass(frozen=True)
class _Query:
    """One name to look up: the subject's own, or the trade name that stands for it."""

    name: Name
    normalised: Normalised
    via_trade_name: str = ""


@dataclass(frozen=True)
class _Best:
    query: _Query
    indexed: IndexedName
    comparison: Comparison


def match(subject: Subject, index: CandidateIndex, threshold: float = DEFAULT_THRESHOLD) -> tuple[Match, ...]:
    """Listed parties the subject may be, best first.

    An exact name is always a match, whatever other evidence says against it.

    Args:
        threshold: least score (0 to 1) of names and evidence together.
    """
    best: dict[str, _Best] = {}
    for query in _queries(subject.names):
        for indexed in index.candidates(query.normalised):
            comparison = compare(query.normalised, indexed.normalised, index.weight)
            known = best.get(indexed.party.key)
            if known is None or comparison.score > known.comparison.score:
                best[indexed.party.key] = _Best(query, indexed, comparison)
    matches = [_explained(subject, found) for found in best.values()]
    kept = [found for found in matches if found.is_exact or found.score >= threshold]
    return tuple(sorted(kept, key=lambda found: (-found.score, found.listed.key)))


def _queries(names: Iterable[Name]) -> list[_Query]:
    """Every name of a subject, and for Chinese names the trade names they stand for, each once."""
    queries: dict[tuple[str, ...], _Query] = {}
    for name in names:
        spellings = [(name.text, ""), *((english, english) for english in english_names(name.text))]
        for text, via in spellings:
            normalised = normalise(text)
            if normalised.tokens:
                queries.setdefault(normalised.tokens, _Query(name, normalised, via))
    return list(queries.values())


def _explained(subject: Subject, found: _Best) -> Match:
    listed = found.indexed.party
    evidence = weigh(subject, listed)
    name_score = found.comparison.score
    if found.indexed.name.kind is NameKind.WEAK:
        name_score -= WEAK_NAME_PENALTY
    score = name_score + sum(piece.adjusts for piece in evidence)
    return Match(
        listed=listed,
        score=round(min(1.0, max(0.0, score)), 4),
        name_score=round(name_score, 4),
        subject_name=found.query.name,
        listed_name=found.indexed.name,
        via_trade_name=found.query.via_trade_name,
        comparison=found.comparison,
        evidence=evidence,
        evidence_sha256=evidence_hash(subject, listed),
    )
