"""Other alphabets in Latin letters, letter by letter.

Cyrillic and Greek follow common passport practice (ICAO Doc 9303 part 3, section 6, simplified); Arabic and
Hebrew write consonants only, so a name that came from them is compared by its consonants (``skeleton``).
Chinese, Japanese and Korean are kept as they are: a Chinese name never matches a trade name by sound.
"""

from __future__ import annotations

import unicodedata

CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i",
    "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "y", "ь": "",
    "э": "e", "ю": "yu", "я": "ya", "і": "i", "ї": "i", "є": "ie", "ґ": "g", "ў": "u", "ј": "j", "љ": "lj",
    "њ": "nj", "ћ": "c", "ђ": "dj", "џ": "dz", "ѓ": "gj", "ќ": "kj", "ѕ": "dz", "қ": "q", "ғ": "gh",
    "ң": "ng", "ө": "o", "ұ": "u", "ү": "u", "һ": "h", "ә": "a",
}  # fmt: skip
GREEK = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k",
    "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t",
    "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
ARABIC = {
    "ا": "a", "ب": "b", "ت": "t", "ث": "th", "ج": "j", "ح": "h", "خ": "kh", "د": "d", "ذ": "dh", "ر": "r",
    "ز": "z", "س": "s", "ش": "sh", "ص": "s", "ض": "d", "ط": "t", "ظ": "z", "ع": "", "غ": "gh", "ف": "f",
    "ق": "q", "ك": "k", "ل": "l", "م": "m", "ن": "n", "ه": "h", "و": "w", "ي": "y", "ى": "a", "ة": "a",
    "ء": "", "پ": "p", "چ": "ch", "ژ": "zh", "گ": "g", "ک": "k", "ی": "y", "ٱ": "a", "ـ": "",
}  # fmt: skip
HEBREW = {
    "א": "a", "ב": "b", "ג": "g", "ד": "d", "ה": "h", "ו": "v", "ז": "z", "ח": "ch", "ט": "t", "י": "y",
    "כ": "k", "ך": "k", "ל": "l", "מ": "m", "ם": "m", "נ": "n", "ן": "n", "ס": "s", "ע": "", "פ": "p",
    "ף": "f", "צ": "ts", "ץ": "ts", "ק": "k", "ר": "r", "ש": "sh", "ת": "t",
}  # fmt: skip
LATIN_SPECIALS = {
    "ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n",
    "ŧ": "t", "ĸ": "k", "ſ": "s", "ə": "a", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ʻ": "", "ʼ": "",
}  # fmt: skip
TO_LATIN = str.maketrans({**CYRILLIC, **GREEK, **ARABIC, **HEBREW, **LATIN_SPECIALS})
CONSONANT_SCRIPTS = ("ARABIC", "HEBREW")
_SKELETON = str.maketrans("", "", "aeiouyw")
_SOUNDS = (
    ("kh", "h"),
    ("gh", "g"),
    ("dh", "d"),
    ("th", "t"),
    ("ph", "f"),
    ("ck", "k"),
    ("q", "k"),
    ("c", "k"),
)


def script_of(letter: str) -> str:
    """The script of one letter by its Unicode name, such as ``LATIN`` or ``CJK``."""
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]


def to_latin(text: str) -> str:
    """Transliterate case-folded, diacritic-free text; letters without a rule stay as they are."""
    return text.translate(TO_LATIN)


def has_consonant_script(text: str) -> bool:
    """Whether the text is written in a script that leaves vowels out."""
    return not text.isascii() and any(script_of(letter) in CONSONANT_SCRIPTS for letter in text if letter.isalpha())


def skeleton(token: str) -> str:
    """A Latin token's consonants, with sounds that Arabic romanisations mix made one, doubles single."""
    for written, sound in _SOUNDS:
        token = token.replace(written, sound)
    consonants = token.translate(_SKELETON)
    return "".join(letter for at, letter in enumerate(consonants) if at == 0 or consonants[at - 1] != letter)
