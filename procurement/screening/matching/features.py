"""An alignment of two names in numbers: what is met, what is missing, what contradicts."""

from __future__ import annotations

from collections.abc import Callable

from rapidfuzz.distance import OSA

from procurement.screening.matching.alignment import Alignment
from procurement.screening.matching.normalise import Normalised
from procurement.screening.matching.particles import LIGHT, share
from procurement.screening.matching.similarity import How
from procurement.screening.matching.transliteration import skeleton

Weight = Callable[[str], float]
FEATURES = (
    "unmet_query",
    "unmet_listed",
    "contradiction",
    "unlike",
    "worst_met",
    "slips",
    "two_slips",
    "more_slips",
    "whole_unlike",
    "met_mass",
    "one_word_of_more",
    "initials",
    "by_sound",
    "cut_short",
    "other_order",
    "other_form",
    "no_vowels",
    "one_side_only",
    "other_first_letter",
    "worst_slips",
    "short_slip",
    "middling_slip",
    "one_word_slip",
    "nothing_equal",
    "beginning",
)
BEGINNING_SHORTEST = 6
SHORT_LETTERS = 6
MIDDLING_LETTERS = 9
TELLING = 12.0


def features(query: Normalised, listed: Normalised, found: Alignment, weight: Weight) -> list[float]:
    """The numbers of ``FEATURES``, in that order, each roughly between 0 and 1."""
    mine = [weight(token) * share(token) for token in query.tokens]
    theirs = [weight(token) * share(token) for token in listed.tokens]
    mass_mine, mass_theirs = sum(mine), sum(theirs)
    unmet_mine = sum(mine[at] for at in found.left_query)
    unmet_theirs = sum(theirs[at] for at in found.left_listed)
    met = unlike = 0.0
    worst = 1.0
    sounds = initials = cuts = 0.0
    for i, j, similarity, how in found.pairs:
        mass = max(sum(mine[at] for at in i), sum(theirs[at] for at in j))
        met += mass * similarity
        unlike += mass * (1 - similarity)
        if how is not How.INITIAL and similarity < worst:
            worst = similarity
        sounds += how is How.SOUND
        initials += how is How.INITIAL
        cuts += how is How.CUT_SHORT
    least = min(mass_mine, mass_theirs) or 1.0
    slips, whole, is_beginning = _as_wholes(query, listed, found)
    letters = min(sum(map(len, query.tokens)), sum(map(len, listed.tokens)))
    return [
        unmet_mine / (mass_mine or 1.0),
        unmet_theirs / (mass_theirs or 1.0),
        min(unmet_mine, unmet_theirs) / least,
        unlike / least,
        1.0 - worst,
        min(slips, 6) / 6,
        float(slips > 1),
        float(slips > 2),
        1.0 - whole,
        min(met, 2 * TELLING) / TELLING,
        float(min(len(query.tokens), len(listed.tokens)) == 1 and len(query.tokens) != len(listed.tokens)),
        initials,
        sounds,
        cuts,
        float(_is_reordered(found)),
        float(bool(query.forms and listed.forms) and not set(query.forms) & set(listed.forms)),
        float(query.lacks_vowels or listed.lacks_vowels),
        float(bool(unmet_mine or unmet_theirs) and not (unmet_mine and unmet_theirs)),
        float(any(query.tokens[i[0]][0] != listed.tokens[j[0]][0] for i, j, *_ in found.pairs)),
        min(_worst_slips(query.tokens, listed.tokens, found), 4) / 4,
        float(slips > 0 and letters <= SHORT_LETTERS),
        float(slips > 0 and SHORT_LETTERS < letters <= MIDDLING_LETTERS),
        float(slips > 0 and len(query.tokens) == len(listed.tokens) == 1),
        float(not any(how is How.EQUAL and query.tokens[i[0]] not in LIGHT for i, _, _, how in found.pairs)),
        float(is_beginning),
    ]


def _as_wholes(query: Normalised, listed: Normalised, found: Alignment) -> tuple[int, float, bool]:
    """Edits between the names run together in the order of what met, and their likeness.

    What one side alone has more is left out; where one was written without vowels, consonants alone are compared.
    The third says whether the query is the listed name's beginning, cut off.
    """
    pairs = sorted(found.pairs)
    mine, theirs = query.tokens, listed.tokens
    left = "".join([mine[at] for i, *_ in pairs for at in i])
    right = "".join([theirs[at] for _, j, *_ in pairs for at in j])
    if found.left_query and found.left_listed:
        left += "".join([mine[at] for at in found.left_query])
        right += "".join([theirs[at] for at in found.left_listed])
    is_beginning = len("".join(mine)) >= BEGINNING_SHORTEST and "".join(theirs).startswith("".join(mine))
    if query.lacks_vowels != listed.lacks_vowels:
        left, right = skeleton(left), skeleton(right)
    if left == right:
        return 0, 1.0, is_beginning
    slips = OSA.distance(left, right)
    return slips, 1 - slips / max(len(left), len(right)), is_beginning


def _worst_slips(query: tuple[str, ...], listed: tuple[str, ...], found: Alignment) -> int:
    """The most edits between two single tokens that met."""
    return max(
        (OSA.distance(query[i[0]], listed[j[0]]) for i, j, _, how in found.pairs if how in (How.NEAR, How.SOUND)),
        default=0,
    )


def _is_reordered(found: Alignment) -> bool:
    order = [j[0] for _, j, *_ in sorted(found.pairs)]
    return order != sorted(order)
