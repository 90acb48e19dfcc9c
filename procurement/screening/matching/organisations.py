"""Legal forms of organisations in many languages: they tell little about who somebody is.

A form is taken out of the tokens that are compared and kept beside them, so that a hit can say that only the
form differs. Phrases are written as they read after normalisation (Latin, lower case, no dots).

Source: the ISO 20275 entity legal forms and common usage; abbreviations as registers print them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

_FORMS: dict[str, tuple[str, ...]] = {
    "ltd": ("ltd", "limited", "ltda", "limitada", "pte ltd", "pvt ltd", "private limited", "pty ltd"),
    "co": ("co", "company", "compania", "compagnie", "cie", "cia"),
    "co ltd": ("co ltd", "company limited", "co limited", "coltd", "youxian gongsi", "gufen youxian gongsi"),
    "corp": ("corp", "corporation", "corporacion"),
    "inc": ("inc", "incorporated"),
    "llc": (
        "llc",
        "limited liability company",
        "limited liability co",
        "limited liability",
        "liability company",
        "l l c",
        "lc",
    ),
    "llp": ("llp", "limited liability partnership", "lp", "limited partnership"),
    "plc": ("plc", "public limited company"),
    "jsc": (
        "jsc",
        "joint stock company",
        "joint stock co",
        "joint stock",
        "stock company",
        "ao",
        "aktsionernoe obshchestvo",
        "open jsc",
    ),
    "ojsc": ("ojsc", "oao", "open joint stock company", "otkrytoe aktsionernoe obshchestvo"),
    "cjsc": ("cjsc", "zao", "closed joint stock company", "zakrytoe aktsionernoe obshchestvo"),
    "pjsc": ("pjsc", "pao", "public joint stock company", "publichnoe aktsionernoe obshchestvo"),
    "ooo": (
        "ooo",
        "obshchestvo s ogranichennoi otvetstvennostyu",
        "obshchestvo s ogranichennoi otvetstvennostiu",
        "obshchestvo s ogranichennoy otvetstvennostyu",
        "obshchestvo s ogranichennoi",
        "ogranichennoi otvetstvennostyu",
        "obshchestvo s",
        "o o o",
        "tov",
        "too",
    ),
    "fgup": ("fgup", "federal state unitary enterprise", "fsue"),
    "gmbh": ("gmbh", "gesellschaft mit beschrankter haftung", "gmbh co kg", "mbh"),
    "ag": ("ag", "aktiengesellschaft"),
    "kg": ("kg", "kommanditgesellschaft"),
    "sa": ("sa", "sociedad anonima", "societe anonyme", "sociedade anonima", "societa per azioni", "spa"),
    "sa de cv": ("sa de cv", "sociedad anonima de capital variable", "s de rl de cv", "srl de cv"),
    "sarl": ("sarl", "societe a responsabilite limitee", "srl", "sro", "sl"),
    "sas": ("sas", "sasu"),
    "bv": ("bv", "besloten vennootschap", "nv", "naamloze vennootschap"),
    "ab": ("ab", "aktiebolag", "oy", "oyj", "as", "asa", "aps", "a s"),
    "as tr": (
        "anonim sirketi",
        "anonim sirket",
        "limited sirketi",
        "limited sirket",
        "sti",
        "ltd sti",
        "sirketi",
    ),
    "kk": ("kk", "kabushiki kaisha", "godo kaisha"),
    "sdn bhd": ("sdn bhd", "sendirian berhad", "bhd", "berhad"),
    "fz": ("fze", "fzc", "fzco", "fz llc", "dmcc"),
    "sp": ("spk", "sp k", "sp j", "sp z o o", "sp z oo", "sp zoo", "sc", "zrt", "kft", "doo", "d o o", "ead", "eood"),
    "hijos": ("e hijos", "y cia", "y asociados", "hermanos"),
    "pjs": ("pjs", "private joint stock", "sherkat"),
}
_CJK_FORMS = (
    "股份有限公司",
    "有限责任公司",
    "有限責任公司",
    "集团有限公司",
    "有限公司",
    "株式会社",
    "股份公司",
    "公司",
    "(株)",
)  # fmt: skip
PHRASES: dict[tuple[str, ...], str] = {
    tuple(phrase.split()): form for form, phrases in _FORMS.items() for phrase in phrases
}
LONGEST = max(len(words) for words in PHRASES)
SPELT_SHORTEST = 5
CUT_SHORTEST = 4
_INNER_VOWELS = re.compile(r"(?<=.)[aeiou]")
_FORM_WORDS = sorted({word for words in PHRASES for word in words if len(word) >= SPELT_SHORTEST})


def _one_letter_out(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


_MISSPELT = {spelt: word for word in _FORM_WORDS for spelt in _one_letter_out(word)}
_MISSPELT.update({_INNER_VOWELS.sub("", word): word for word in _FORM_WORDS})
_MISSPELT.update({word[:at]: word for word in _FORM_WORDS for at in range(CUT_SHORTEST, len(word))})
_MISSPELT.update({word: word for words in PHRASES for word in words})


@lru_cache(maxsize=16384)
def _meant(token: str) -> str:
    """The word of a form that a token is a slip, its vowels or its end away from; else the token."""
    known = _MISSPELT.get(token)
    if known is not None or len(token) < SPELT_SHORTEST - 1:
        return known or token
    found = next((_MISSPELT[spelt] for spelt in _one_letter_out(token) if spelt in _MISSPELT), None)
    return found if found is not None and OSA.distance(token, found, score_cutoff=1) <= 1 else token


def strip_cjk_form(text: str) -> tuple[str, str]:
    """Text without a Chinese or Japanese legal form at its end or start, and the form ("" if none)."""
    if text.isascii():
        return text, ""
    for form in _CJK_FORMS:
        if text.endswith(form) and len(text) > len(form):
            return text[: -len(form)], form
        if text.startswith(form) and len(text) > len(form):
            return text[len(form) :], form
    return text, ""


def split_forms(tokens: list[str]) -> tuple[list[str], list[str]]:
    """Tokens that name, and the legal forms found among them, a slip of the keyboard forgiven.

    A name made of forms alone keeps its tokens.
    """
    named: list[str] = []
    forms: list[str] = []
    meant = [_meant(token) for token in tokens]
    at = 0
    while at < len(tokens):
        length = _form_length(meant, at)
        if length:
            forms.append(PHRASES[tuple(meant[at : at + length])])
            at += length
        else:
            named.append(tokens[at])
            at += 1
    return (named, forms) if named else (list(tokens), [])


def _form_length(tokens: list[str], at: int) -> int:
    """How many tokens from ``at`` on are the longest legal form there; 0 for none."""
    for length in range(min(LONGEST, len(tokens) - at), 0, -1):
        if tuple(tokens[at : at + length]) in PHRASES:
            return length
    return 0
