"""Exact scoring of one name against another, and what the score is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
SLIP_SHORTEST = 6
SLIP_LETTERS = 12
SLIP_SCORES = (0.0, 0.91, 0.87, 0.84)
CONTAINED_BASE = 0.8
CONTAINED_SHARE = 0.15
CONTAINED_QUERY_WEIGHT = 6.5
CONTAINED_LISTED_WEIGHT = 14.0


class How(StrEnum):
    """How two parts met."""

    EQUAL = "equal"
    NEAR = "near"
    INITIAL = "initial"
    RUN_TOGETHER = "run_together"
    CONSONANTS = "consonants"
    SLIPS = "slips"


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
    best = _contained(best, query, listed, weight)
    for whole in (_run_together(query, listed), _by_consonants(query, listed), _by_slips(query, listed)):
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


def _by_slips(query: Normalised, listed: Normalised) -> Comparison | None:
    """Names that are equal, legal form included, but for a few slips of the keyboard."""
    left, right = query.whole, listed.whole
    shorter = min(len(left), len(right))
    if shorter < SLIP_SHORTEST:
        return None
    most = min(len(SLIP_SCORES) - 1, 1 + shorter // SLIP_LETTERS)
    slips = OSA.distance(left, right, score_cutoff=most)
    if not 0 < slips <= most:
        return None
    return _whole(left, right, SLIP_SCORES[slips], How.SLIPS)


def _contained(parts: Comparison, query: Normalised, listed: Normalised, weight: Weight) -> Comparison:
    """A name that is a distinctive part of the other scores higher than its share alone."""
    if any(part.how is not How.EQUAL for part in parts.parts) or not parts.parts:
        return parts
    inside_listed = not parts.only_query and sum(map(weight, query.tokens)) >= CONTAINED_QUERY_WEIGHT
    inside_query = (
        not parts.only_listed and len(listed.tokens) > 1 and sum(map(weight, listed.tokens)) >= CONTAINED_LISTED_WEIGHT
    )
    if not (inside_listed or inside_query):
        return parts
    return replace(parts, score=max(parts.score, CONTAINED_BASE + CONTAINED_SHARE * parts.score))


def _whole(left: str, right: str, score: float, how: How) -> Comparison:
    return Comparison(score, (PartMatch(left, right, round(score, 4), how),), (), ())
