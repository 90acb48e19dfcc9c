"""How alike two tokens are, between 0 and 1."""

from __future__ import annotations

from rapidfuzz.distance import OSA

LEAST = 0.6
EXACT_UP_TO = 3
INITIAL = 0.7


def token_similarity(left: str, right: str) -> float:
    """1 for equal tokens, 0 where they have nothing in common worth telling.

    Distance is the optimal string alignment of rapidfuzz (a swap of neighbours is one edit). Tokens of up to
    three letters must be equal, since one edit makes them another word; a single letter may be an initial.
    """
    if left == right:
        return 1.0
    if len(left) == 1 or len(right) == 1:
        return INITIAL if left[0] == right[0] and left.isalpha() and right.isalpha() else 0.0
    if min(len(left), len(right)) <= EXACT_UP_TO:
        return 0.0
    return float(OSA.normalized_similarity(left, right, score_cutoff=LEAST))
