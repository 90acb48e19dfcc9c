"""Exact scoring of one name against another, and what the score is made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from procurement.screening.matching.alignment import Alignment, align
from procurement.screening.matching.features import Weight, features
from procurement.screening.matching.fitted import BIAS, WEIGHTS
from procurement.screening.matching.normalise import Normalised
from procurement.screening.matching.particles import GENERIC
from procurement.screening.matching.similarity import Alike, How, alike, alike_in_consonants, alike_in_sound

__all__ = ["Comparison", "How", "PartMatch", "compare", "explain", "judge_of", "scored"]

MOST_OF_UNEQUAL = 0.99
BARE_TRADE_NAME = 0.85
BARE_SHORTEST = 5


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
    """Compare two names by their parts, and tell what met."""
    return explain(query, listed, *scored(query, listed, weight))


def scored(query: Normalised, listed: Normalised, weight: Weight) -> tuple[float, Alignment]:
    """The score of two names, and the alignment it rests on.

    Names of the same words are 1, in whatever order; others the logistic of a weighted sum of ``features``, which
    reads as the share of such pairs that a person called the same.
    """
    found = align(query.tokens, listed.tokens, judge_of(query, listed))
    if not found.left_query and not found.left_listed and all(how is How.EQUAL for *_, how in found.pairs):
        return 1.0, found
    if _is_bare_trade_name(query, listed, found):
        return BARE_TRADE_NAME, found
    numbers = features(query, listed, found, weight)
    sum_ = BIAS + sum(number * factor for number, factor in zip(numbers, WEIGHTS, strict=True))
    return min(MOST_OF_UNEQUAL, 1 / (1 + math.exp(-sum_))), found


def _is_bare_trade_name(query: Normalised, listed: Normalised, found: Alignment) -> bool:
    """Whether the query is the listed name but for words that name no one, such as ``Group``."""
    return (
        not found.left_query
        and len(query.squashed) >= BARE_SHORTEST
        and all(how is How.EQUAL for *_, how in found.pairs)
        and all(listed.tokens[at] in GENERIC for at in found.left_listed)
    )


def explain(query: Normalised, listed: Normalised, score: float, found: Alignment) -> Comparison:
    """A score with the parts that met, in the query's order, and those left over."""
    parts = tuple(
        PartMatch(
            " ".join(query.tokens[at] for at in i), " ".join(listed.tokens[at] for at in j), round(similarity, 4), how
        )
        for i, j, similarity, how in sorted(found.pairs)
    )
    only_query = tuple(query.tokens[at] for at in found.left_query)
    return Comparison(score, parts, only_query, tuple(listed.tokens[at] for at in found.left_listed))


def judge_of(query: Normalised, listed: Normalised) -> Callable[[str, str], Alike]:
    """How two tokens of these names are compared: by consonants where one lacks vowels, strictly where one is sound."""
    if query.is_sound or listed.is_sound:
        return alike_in_sound
    return alike_in_consonants if query.lacks_vowels != listed.lacks_vowels else alike
