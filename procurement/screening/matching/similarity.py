"""How alike two tokens are, between 0 and 1."""

from __future__ import annotations

from rapidfuzz.distance import OSA

LEAST = 0.6
LENIENCE = 0.7
SHORT = 3
SHORT_ONE_SLIP = 0.6
INITIAL = 0.7


def token_similarity(left: str, right: str) -> float:
    """1 for equal tokens, 0 where they have nothing in common worth telling.

    Distance is the optimal string alignment of rapidfuzz (a swap of neighbours is one edit), taken leniently:
    a slip is likelier than another word. Up to three letters one slip makes another word, so it counts for
    less; a single letter may be an initial.
    """
    if left == right:
        return 1.0
    if len(left) == 1 or len(right) == 1:
        return INITIAL if left[0] == right[0] and left.isalpha() and right.isalpha() else 0.0
    if min(len(left), len(right)) <= SHORT:
        return SHORT_ONE_SLIP if max(len(left), len(right)) >= SHORT and OSA.distance(left, right) == 1 else 0.0
    ratio = OSA.normalized_similarity(left, right, score_cutoff=LEAST)
    return 1 - (1 - ratio) * LENIENCE if ratio else 0.0
