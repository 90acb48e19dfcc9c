"""One subject against one index: at most one match per listed party, each with its explanation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from procurement.screening.matching.aliases import english_names
from procurement.screening.matching.alignment import Alignment
from procurement.screening.matching.evidence import MOST_FOR, Evidence, evidence_hash, weigh
from procurement.screening.matching.index import Candidate, CandidateIndex
from procurement.screening.matching.normalise import Normalised, spellings
from procurement.screening.matching.scoring import Comparison, explain, scored
from procurement.screening.matching.subjects import ListedParty, Name, NameKind, Subject

DEFAULT_THRESHOLD = 0.74
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


@dataclass(frozen=True, slots=True)
class _Query:
    """One name to look up: the subject's own, or the trade name that stands for it."""

    name: Name
    normalised: Normalised
    via_trade_name: str = ""


@dataclass(frozen=True, slots=True)
class _Best:
    query: _Query
    candidate: Candidate
    score: float
    found: Alignment


def match(subject: Subject, index: CandidateIndex, threshold: float = DEFAULT_THRESHOLD) -> tuple[Match, ...]:
    """Listed parties the subject may be, best first.

    An exact name is always a match, whatever other evidence says against it.

    Args:
        threshold: least score (0 to 1) of names and evidence together.
    """
    best = _best_of_each_party(subject, index, threshold - MOST_FOR)
    matches = [_explained(subject, index, number, found) for number, found in best.items()]
    kept = [found for found in matches if found.is_exact or found.score >= threshold]
    return tuple(sorted(kept, key=lambda found: (-found.score, found.listed.key)))


def _best_of_each_party(subject: Subject, index: CandidateIndex, least: float) -> dict[int, _Best]:
    """The best account of names for each listed party, where it reaches ``least``."""
    best: dict[int, _Best] = {}
    for query in _queries(subject.names):
        for candidate in index.candidates(query.normalised):
            score, found = scored(query.normalised, candidate.normalised, index.weight)
            if score >= least or score >= EXACT:
                number = index.party_of(candidate.row)
                known = best.get(number)
                if known is None or score > known.score:
                    best[number] = _Best(query, candidate, score, found)
    return best


def _queries(names: Iterable[Name]) -> list[_Query]:
    """Every name of a subject as written and by sound, and the trade names Chinese ones stand for, each once."""
    queries: dict[tuple[str, ...], _Query] = {}
    for name in names:
        for text, via in ((name.text, ""), *((english, english) for english in english_names(name.text))):
            for normalised in spellings(text):
                queries.setdefault(normalised.tokens, _Query(name, normalised, via))
    return list(queries.values())


def _explained(subject: Subject, index: CandidateIndex, number: int, best: _Best) -> Match:
    listed = index.party(number)
    listed_name = listed.names[index.name_at(best.candidate.row)]
    evidence = weigh(subject, listed)
    name_score = best.score - (WEAK_NAME_PENALTY if listed_name.kind is NameKind.WEAK else 0.0)
    score = name_score + sum(piece.adjusts for piece in evidence)
    return Match(
        listed=listed,
        score=round(min(1.0, max(0.0, score)), 4),
        name_score=round(name_score, 4),
        subject_name=best.query.name,
        listed_name=listed_name,
        via_trade_name=best.query.via_trade_name,
        comparison=explain(best.query.normalised, best.candidate.normalised, best.score, best.found),
        evidence=evidence,
        evidence_sha256=evidence_hash(subject, listed),
    )
