"""Words of a name that tell little of who bears it: titles, particles, numbers in words; and their variants."""

from __future__ import annotations

LIGHT_SHARE = 0.3
_TITLES = (
    "dr mr mrs ms prof professor president prasident minister general gen colonel col captain capt lieutenant lt major "
    "maj sheikh shaikh sheik shaykh haji hajji mullah mawlawi maulavi sayyid sayed sir lord monsieur madame herr frau "
    "senor sr jr mv eng engineer na"
)
_PARTICLES = (
    "al el ul as ar ad an at bin ibn ben bint ould de da di do dos das del della du la le les von van der den zu zum "
    "of the for to in y e et und i ve"
)
LIGHT = frozenset((*_TITLES.split(), *_PARTICLES.split()))
GENERIC = frozenset(("technology", "technologies", "tech", "group", "international", "industries", "systems"))
_VARIANTS = (
    ("bin", "ibn", "ben"),
    ("al", "el", "ul", "as", "ar", "ad", "an"),
    ("abu", "abou"),
    ("abd", "abdul", "abdel", "abdal", "abdu", "abdol"),
    ("sheikh", "shaikh", "sheik", "shaykh"),
    ("1", "1st", "first", "one"),
    ("2", "2nd", "second", "two"),
    ("3", "3rd", "third", "three"),
    ("4", "4th", "fourth", "four"),
    ("5", "5th", "fifth", "five"),
    ("6", "6th", "sixth", "six"),
    ("7", "7th", "seventh", "seven"),
    ("8", "8th", "eighth", "eight"),
    ("9", "9th", "ninth", "nine"),
    ("10", "10th", "tenth", "ten"),
    ("2", "ii"),
    ("3", "iii"),
    ("4", "iv"),
)
VARIANTS = {word: words[0] for words in _VARIANTS for word in words}


def share(token: str) -> float:
    """How much of its weight a token keeps: a title or a particle keeps little."""
    return LIGHT_SHARE if token in LIGHT else 1.0


def same_word(left: str, right: str) -> bool:
    """Whether two tokens are variants of one particle or number."""
    canonical = VARIANTS.get(left)
    return canonical is not None and canonical == VARIANTS.get(right)
