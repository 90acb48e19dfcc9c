"""Names to measure screening with: listed names made worse in one way each, and names that are on no list.

Everything is drawn by a seed. Seeds below 1000 are for tuning; those from 1000 on are for measuring, and the names
on no list come from other locales then, so that what is measured chose nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from faker import Faker

FIRST_MEASURED_SEED = 1000
TUNING_LOCALES = ("en_US", "de_DE", "fr_FR", "es_MX", "zh_CN", "ru_RU", "tr_TR", "pl_PL", "ar_EG", "id_ID")
MEASURED_LOCALES = ("en_GB", "it_IT", "nl_NL", "es_ES", "zh_TW", "uk_UA", "fa_IR", "pt_BR", "sv_SE", "ar_AA", "en_IN")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOWELS = re.compile(r"(?<=\w)[aeiouAEIOU]")
INVISIBLE = ("\u200b", "\u200d", "\u2060", "\u00ad", "\ufeff")
TWINS = str.maketrans(
    {"A": "А", "E": "Е", "O": "О", "P": "Р", "C": "С", "H": "Н", "K": "К", "M": "М", "T": "Т", "B": "В", "X": "Х",
     "a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х", "i": "і"}
)  # fmt: skip
VARIANTS = (
    ("mohammed", "muhamad"), ("mohammad", "mohamed"), ("muhammad", "mohamad"), ("ahmad", "ahmed"),
    ("hussein", "husayn"), ("hassan", "hasan"), ("yusuf", "yousef"), ("abdul", "abdel"), ("abd al", "abdul"),
    ("said", "saeed"), ("ali", "aly"), ("sergey", "sergei"), ("aleksandr", "alexander"), ("yuri", "iouri"),
    ("dmitry", "dmitri"), ("evgeny", "yevgeniy"), ("nikolay", "nikolai"), ("kh", "h"), ("sch", "sh"), ("zh", "j"),
    ("ks", "x"), ("ck", "k"), ("q", "k"), ("ou", "u"), ("oo", "u"), ("ee", "i"), ("ph", "f"), ("iy", "y"),
    ("dj", "j"), ("w", "v"),
)  # fmt: skip

Spoiler = Callable[[str, random.Random], str | None]


def one_typo(name: str, chance: random.Random) -> str | None:
    """One letter left out, doubled by another, replaced, or swapped with its neighbour; names of six letters on."""
    places = [at for at, letter in enumerate(name) if letter.isalpha()]
    if len(places) < 6:
        return None
    at, letter = chance.choice(places), chance.choice(LETTERS)
    match chance.randrange(4):
        case 0:
            return name[:at] + name[at + 1 :]
        case 1:
            return name[:at] + letter + name[at:]
        case 2:
            return name[:at] + (letter if letter != name[at].lower() else "z") + name[at + 1 :]
        case _:
            return name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]


def dropped_token(name: str, chance: random.Random) -> str | None:
    """One word left out of three or more."""
    words = name.split()
    if len(words) < 3:
        return None
    words.pop(chance.randrange(len(words)))
    return " ".join(words)


def truncated(name: str, _: random.Random) -> str | None:
    """The first 80 % of the characters, of names of twelve characters on."""
    return name[: round(len(name) * 0.8)].strip() if len(name) >= 12 else None


def without_vowels(name: str, _: random.Random) -> str | None:
    """No vowels but at the beginning of a word, of names of eight letters on."""
    return VOWELS.sub("", name) if sum(map(str.isalpha, name)) >= 8 else None


def invisible(name: str, chance: random.Random) -> str | None:
    """Three characters that nobody sees, inside."""
    for _ in range(3):
        at = chance.randrange(1, max(2, len(name)))
        name = name[:at] + chance.choice(INVISIBLE) + name[at:]
    return name


def homoglyphs(name: str, chance: random.Random) -> str | None:
    """Half of the letters that have a Cyrillic twin, replaced by it."""
    spoilt = "".join(letter.translate(TWINS) if chance.random() < 0.5 else letter for letter in name)
    return spoilt if spoilt != name else None


def swapped(name: str, chance: random.Random) -> str | None:
    """The words in another order."""
    words = name.replace(",", " ").split()
    if len(words) < 2:
        return None
    at = chance.randrange(1, len(words))
    return " ".join(words[at:] + words[:at])


def initials(name: str, _: random.Random) -> str | None:
    """Every word but the first (a list puts the family name there) by its initial, of names with a comma."""
    family, comma, given = name.partition(",")
    if not comma or not given.strip() or len(family) < 4:
        return None
    return f"{family}, " + " ".join(f"{word[0]}." for word in given.split() if word[0].isalpha())


def transliterated(name: str, _: random.Random) -> str | None:
    """Two sounds spelt another way."""
    spoilt = name.lower()
    for written, other in VARIANTS:
        spoilt = spoilt.replace(written, other)
    return spoilt if spoilt != name.lower() else None


SPOILERS: dict[str, Spoiler] = {
    "one typo": one_typo,
    "dropped token": dropped_token,
    "truncation": truncated,
    "vowel drop": without_vowels,
    "invisible characters": invisible,
    "homoglyphs": homoglyphs,
    "swapped order": swapped,
    "initials": initials,
    "transliteration": transliterated,
}


def spoilt(names: list[str], spoiler: str, count: int, seed: int) -> list[tuple[int, str]]:
    """(position of the name, the name made worse), ``count`` of them."""
    chance = random.Random(f"{seed}:{spoiler}")
    made = []
    while len(made) < count:
        at = chance.randrange(len(names))
        worse = SPOILERS[spoiler](names[at], chance)
        if worse:
            made.append((at, worse))
    return made


def on_no_list(count: int, seed: int) -> Iterator[str]:
    """Persons and companies of many countries that the library Faker invents, in turn."""
    locales = MEASURED_LOCALES if seed >= FIRST_MEASURED_SEED else TUNING_LOCALES
    makers = [Faker(locale) for locale in locales]
    for number, maker in enumerate(makers):
        maker.seed_instance(seed + number)
    for number in range(count):
        maker = makers[number % len(makers)]
        yield maker.name() if number // len(makers) % 2 else maker.company()
