"""Other alphabets in Latin letters, by the library anyascii; Han characters are kept, and spelt by sound apart.

Arabic and Hebrew write consonants only, so a name that came from them is compared by its consonants
(``skeleton``). ``fold`` brings spellings of one sound together (Mohammed, Muhamad; Sergei, Sergey).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

CONSONANT_SCRIPTS = ("ARABIC", "HEBREW")
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_HANGUL = re.compile(r"[\u1100-\u11ff\uac00-\ud7af]")
_STRAY = str.maketrans("", "", "'`\"")
_VOWELS = re.compile(r"[aeiouy]+")
_INNER_VOWELS = re.compile(r"[aeiou]")
_CONSONANTS_ONLY = str.maketrans("", "", "aeiouyw")
_DOUBLED = re.compile(r"(.)\1+")
_SOUNDS = (
    ("sch", "sh"), ("tch", "ch"), ("dzh", "z"), ("dj", "z"), ("zh", "z"), ("kh", "h"), ("gh", "g"), ("ph", "f"),
    ("th", "t"), ("dh", "d"), ("ts", "c"), ("tz", "c"), ("ck", "k"), ("q", "k"), ("x", "ks"), ("w", "v"), ("j", "y"),
)  # fmt: skip
_ARABIC_SOUNDS = (("kh", "h"), ("gh", "g"), ("dh", "d"), ("th", "t"), ("ph", "f"), ("ck", "k"), ("q", "k"), ("c", "k"))
LEAST_VOWELLESS = 5


def script_of(letter: str) -> str:
    """The script of one letter by its Unicode name, such as ``LATIN`` or ``CJK``."""
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]


def to_latin(text: str) -> str:
    """Transliterate case-folded, diacritic-free text; Han characters stay, Hangul syllables become words."""
    return text if text.isascii() else "".join(map(_latin_letter, text))


@lru_cache(maxsize=4096)
def _latin_letter(letter: str) -> str:
    if letter.isascii() or HAN.match(letter) or not letter.isalnum():
        return letter
    spelt = anyascii(letter).lower().translate(_STRAY)
    return f" {spelt} " if _HANGUL.match(letter) else spelt


def spelt_by_sound(text: str) -> str:
    """The text with each Han character as its Mandarin syllable, a word each; "" where it has none."""
    if text.isascii() or not HAN.search(text):
        return ""
    return HAN.sub(lambda run: "".join(f" {anyascii(letter).lower()} " for letter in run.group()), text)


def has_consonant_script(text: str) -> bool:
    """Whether the text is written in a script that leaves vowels out."""
    return not text.isascii() and any(script_of(letter) in CONSONANT_SCRIPTS for letter in text if letter.isalpha())


def is_vowelless(tokens: tuple[str, ...]) -> bool:
    """Whether Latin tokens have no vowel but at a beginning, over enough letters to tell."""
    letters = sum(len(token) for token in tokens if len(token) > 1)
    return letters >= LEAST_VOWELLESS and not any(_INNER_VOWELS.search(token, 1) for token in tokens)


@lru_cache(maxsize=32768)
def skeleton(token: str) -> str:
    """A Latin token's consonants, with sounds that Arabic romanisations mix made one, doubles single."""
    for written, sound in _ARABIC_SOUNDS:
        token = token.replace(written, sound)
    return _DOUBLED.sub(r"\1", token.translate(_CONSONANTS_ONLY))


@lru_cache(maxsize=32768)
def fold(token: str) -> str:
    """A Latin token with one letter for each sound that transliterations mix; every run of vowels is ``a``."""
    for written, sound in _SOUNDS:
        if written in token:
            token = token.replace(written, sound)
    return _DOUBLED.sub(r"\1", _VOWELS.sub("a", token))
