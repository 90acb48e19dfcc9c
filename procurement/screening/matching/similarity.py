"""How alike two tokens are, between 0 and 1, and by what."""

from __future__ import annotations

from enum import StrEnum

from rapidfuzz.distance import OSA

from procurement.screening.matching.particles import same_word
from procurement.screening.matching.transliteration import fold, skeleton

LEAST = 0.6
LENIENCE = 0.7
SHORT = 3
SHORT_ONE_SLIP = 0.6
INITIAL = 0.7
VARIANT = 0.97
BY_SOUND = 0.94
SOUND_SHORTEST = 4
SKELETON = 0.9
SKELETON_SHORTEST = 2
SKELETON_SHORT = 0.75
CUT_SHORT = 0.85
CUT_SHORTEST = 2


class How(StrEnum):
    """How two parts met."""

    EQUAL = "equal"
    VARIANT = "variant"
    SOUND = "sound"
    NEAR = "near"
    INITIAL = "initial"
    RUN_TOGETHER = "run_together"
    CONSONANTS = "consonants"
    CUT_SHORT = "cut_short"


Alike = tuple[float, How]
UNLIKE: Alike = (0.0, How.NEAR)


def alike(left: str, right: str) -> Alike:
    """How alike two tokens are: 1 for equal ones, 0 where they have nothing in common worth telling.

    Distance is the optimal string alignment of rapidfuzz (a swap of neighbours is one edit), taken leniently: a
    slip is likelier than another word. Up to three letters one slip makes another word, so it counts for less; a
    single letter may be an initial; spellings of one sound are nearly equal.
    """
    if left == right:
        return 1.0, How.EQUAL
    if same_word(left, right):
        return VARIANT, How.VARIANT
    if len(left) == 1 or len(right) == 1:
        is_initial = left[0] == right[0] and left.isalpha() and right.isalpha()
        return (INITIAL, How.INITIAL) if is_initial else UNLIKE
    if min(len(left), len(right)) <= SHORT:
        slip = max(len(left), len(right)) >= SHORT and OSA.distance(left, right, score_cutoff=1) == 1
        return (SHORT_ONE_SLIP, How.NEAR) if slip else UNLIKE
    ratio = OSA.normalized_similarity(left, right, score_cutoff=LEAST)
    if not ratio:
        return UNLIKE
    near = 1 - (1 - ratio) * LENIENCE
    if near < BY_SOUND and min(len(left), len(right)) >= SOUND_SHORTEST and fold(left) == fold(right):
        return BY_SOUND, How.SOUND
    return near, How.NEAR


def alike_in_consonants(left: str, right: str) -> Alike:
    """How alike two tokens are of which one was written without vowels."""
    if left == right:
        return 1.0, How.EQUAL
    mine, theirs = skeleton(left), skeleton(right)
    if min(len(mine), len(theirs)) < SKELETON_SHORTEST:
        return (SKELETON_SHORT, How.CONSONANTS) if mine and mine == theirs else UNLIKE
    ratio = OSA.normalized_similarity(mine, theirs, score_cutoff=LEAST)
    return ((1 - (1 - ratio) * LENIENCE) * SKELETON, How.CONSONANTS) if ratio else UNLIKE


def alike_in_sound(left: str, right: str) -> Alike:
    """How alike a syllable that stands for a Han character is to a token: another letter is another syllable."""
    return (1.0, How.EQUAL) if left == right else UNLIKE


def is_cut_short(left: str, right: str) -> bool:
    """Whether ``left`` is the beginning of ``right``: the last word of a name that did not fit its field."""
    return len(left) >= CUT_SHORTEST and len(left) < len(right) and right.startswith(left)
