"""Exact scoring of one name against another, and what the score is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import OSA

from procurement.screening.matching.normalise import Normalised
from procurement.screening.matching.similarity import token_similarity
from procurement.screening.matching.transliteration import skeleton

Weight = Callable[[str], float]
RUN_TOGETHER_LEAST = 0.88
RUN_TOGETHER_TRUST = 0.97
SKELETON_TRUST = 0.9
SKELETON_SHORTEST = 3


class How(StrEnum):
    """How two parts met."""

    EQUAL = "equal"
    NEAR = "near"
    INITIAL = "initial"
    RUN_TOGETHER = "run_together"
    CONSONANTS = "consonants"


@dataclass(frozen=True)
class PartMatch:
    """One part of the query that met one part of the listed name."""

    query: str
    listed: str
    similarity: float
    how: How


@dataclass(frozen=True)
class Comparison:
    """Two names compared: the score (0 to 1) and the parts that met or were left over."""

    score: float
    parts: tuple[PartMatch, ...]
    only_query: tuple[str, ...]
    only_listed: tuple[str, ...]


def compare(query: Normalised, listed: Normalised, weight: Weight) -> Comparison:
    """Compare two names by their parts, and run together; the better account stands."""
    best = by_parts(query, listed, weight)
    for whole in (_run_together(query, listed), _by_consonants(query, listed)):
        if whole is not None and whole.score > best.score:
            best = whole
    return best


def by_parts(query: Normalised, listed: Normalised, weight: Weight) -> Comparison:
    """Each token meets at most one; what is met, weighted by how much it tells, over all there is."""
    parts = _meet(query.tokens, listed.tokens)
    met = sum(part.similarity * (weight(part.query) + weight(part.listed)) for part in parts)
    total = sum(map(weight, query.tokens)) + sum(map(weight, listed.tokens))
    return Comparison(
        met / total if total else 0.0,
        tuple(parts),
        _left(query.tokens, [part.query for part in parts]),
        _left(listed.tokens, [part.listed for part in parts]),
    )


def _meet(query: tuple[str, ...], listed: tuple[str, ...]) -> list[PartMatch]:
    """Pairs of tokens, the most alike first, each token used once."""
    pairs = [
        (similarity, i, j)
        for i, left in enumerate(query)
        for j, right in enumerate(listed)
        if (similarity := token_similarity(left, right))
    ]
    pairs.sort(key=lambda pair: (-pair[0], abs(pair[1] - pair[2])))
    used_query: set[int] = set()
    used_listed: set[int] = set()
    met = []
    for similarity, i, j in pairs:
        if i not in used_query and j not in used_listed:
            used_query.add(i)
            used_listed.add(j)
            met.append(PartMatch(query[i], listed[j], round(similarity, 4), _how(query[i], listed[j])))
    return met


def _how(left: str, right: str) -> How:
    if left == right:
        return How.EQUAL
    return How.INITIAL if len(left) == 1 or len(right) == 1 else How.NEAR


def _left(tokens: tuple[str, ...], met: list[str]) -> tuple[str, ...]:
    """Tokens that met nothing, in their order; repeated tokens are counted."""
    remaining = list(met)
    left = []
    for token in tokens:
        if token in remaining:
            remaining.remove(token)
        else:
            left.append(token)
    return tuple(left)


def _run_together(query: Normalised, listed: Normalised) -> Comparison | None:
    """Names that differ in where they put their spaces."""
    left, right = query.squashed, listed.squashed
    if len(query.tokens) == len(listed.tokens) or not left or not right:
        return None
    ratio = float(OSA.normalized_similarity(left, right, score_cutoff=RUN_TOGETHER_LEAST))
    return _whole(left, right, ratio * RUN_TOGETHER_TRUST, How.RUN_TOGETHER) if ratio else None


def _by_consonants(query: Normalised, listed: Normalised) -> Comparison | None:
    """Names of which one comes from a script without vowels, compared by their consonants."""
    if query.lacks_vowels == listed.lacks_vowels:
        return None
    left, right = skeleton(query.squashed), skeleton(listed.squashed)
    if min(len(left), len(right)) < SKELETON_SHORTEST:
        return None
    ratio = float(OSA.normalized_similarity(left, right, score_cutoff=RUN_TOGETHER_LEAST))
    return _whole(query.squashed, listed.squashed, ratio * SKELETON_TRUST, How.CONSONANTS) if ratio else None


def _whole(left: str, right: str, score: float, how: How) -> Comparison:
    return Comparison(score, (PartMatch(left, right, round(score, 4), how),), (), ())
