"""One spelling for what is the same name: the order of the steps matters and is told at ``normalise``."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from procurement.screening.matching.homoglyphs import put_back
from procurement.screening.matching.organisations import split_forms, strip_cjk_form
from procurement.screening.matching.transliteration import (
    HAN,
    has_consonant_script,
    is_vowelless,
    spelt_by_sound,
    to_latin,
)

MAX_NAME_LENGTH = 500
_DOTTED = re.compile(r"\b\w(?:\.\w)+\b\.?")
_SLASHED_FORM = re.compile(r"\b([a-z])/([a-z])\b")
_APOSTROPHES = str.maketrans("", "", "'\u2019\u2018`\u02bc")
_WORD = re.compile(r"[^\W_]+")
_KANA_MARKS = "\u3099\u309a"
_DIGIT_INSIDE = re.compile(r"(?<=[a-z])[0135](?=[a-z])")
_DIGIT_TWINS = {"0": "o", "1": "i", "3": "e", "5": "s"}


@dataclass(frozen=True)
class Normalised:
    """A name as it is compared.

    Attributes:
        tokens: the words that name, in the order written.
        forms: legal forms found, which hardly count.
        whole: all words run together, legal forms included.
        lacks_vowels: it was written without vowels, as Arabic and Hebrew are.
        is_sound: Han characters spelt by their Mandarin sound.
    """

    text: str
    tokens: tuple[str, ...]
    forms: tuple[str, ...]
    whole: str
    lacks_vowels: bool
    is_sound: bool = False

    @property
    def key(self) -> str:
        """The tokens sorted: equal keys are an exact match but for order and form."""
        return " ".join(sorted(self.tokens))

    @property
    def squashed(self) -> str:
        """The tokens run together, for names that differ in their spaces."""
        return "".join(self.tokens)


@lru_cache(maxsize=8192)
def normalise(text: str) -> Normalised:
    """Bring a name to the form in which it is compared.

    Compatibility forms (NFKC), invisible characters out, look-alike letters back into their word's alphabet,
    lower case, diacritics off, Latin letters for every alphabet, abbreviations' dots closed up, legal forms apart.
    Han characters are kept: ``spellings`` adds their sound.
    """
    visible = _visible(text[:MAX_NAME_LENGTH])
    lacks_vowels = has_consonant_script(visible)
    folded = (visible if visible.isascii() else " ".join(map(put_back, visible.split()))).casefold()
    latin = to_latin(_without_marks(folded))
    words = _words(latin)
    tokens, forms = split_forms(words)
    cjk_tokens, cjk_forms = _without_cjk_forms(tokens)
    named = tuple(token for token in cjk_tokens if token)
    return Normalised(
        text, named, tuple(forms + cjk_forms), "".join(words), lacks_vowels or (latin.isascii() and is_vowelless(named))
    )


def spellings(text: str) -> tuple[Normalised, ...]:
    """A name as written and, where it has Han characters, by their Mandarin sound; none for a name of no words."""
    written = normalise(text)
    words = tuple(spelt_by_sound(" ".join(written.tokens)).split())
    sounded = (replace(written, tokens=words, whole="".join(words), is_sound=True),) if words else ()
    return (written, *sounded) if written.tokens else ()


def _visible(text: str) -> str:
    """Compatibility forms, without zero-width and direction marks; controls become spaces."""
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for letter in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(letter)
        if category != "Cf" and not "\ufe00" <= letter <= "\ufe0f":
            kept.append(" " if category == "Cc" else letter)
    return "".join(kept)


def _without_marks(text: str) -> str:
    """The text without combining marks; Hangul and kana are put together again."""
    if text.isascii():
        return text
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text)
        if letter in _KANA_MARKS or unicodedata.category(letter) != "Mn"
    )
    return unicodedata.normalize("NFC", bare)


def _words(text: str) -> list[str]:
    """The words of a lower-case text: apostrophes close up, ``s.a.`` is one word, ``&`` is ``and``."""
    text = text.translate(_APOSTROPHES).replace("&", " and ")
    if "." in text:
        text = _DOTTED.sub(lambda found: found.group().replace(".", "") + " ", text)
    if "/" in text:
        text = _SLASHED_FORM.sub(r"\1\2", text)
    if not text.isascii():
        text = HAN.sub(lambda run: f" {run.group()} ", text)
    text = _DIGIT_INSIDE.sub(lambda digit: _DIGIT_TWINS[digit.group()], text)
    words = _WORD.findall(text)
    return [word for word in words if word != "and"] or words


def _without_cjk_forms(tokens: list[str]) -> tuple[list[str], list[str]]:
    """Tokens with Chinese and Japanese legal forms stripped, and those forms."""
    stripped = [strip_cjk_form(token) for token in tokens]
    return [token for token, _ in stripped], [form for _, form in stripped if form]
