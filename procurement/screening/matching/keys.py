"""Keys by which a misspelt word still finds its neighbours: hashes of the word with one letter left out, of its
sound, and of its consonants. A key that collides costs a comparison, never a wrong match.
"""

from __future__ import annotations

from itertools import pairwise
from zlib import crc32

from procurement.screening.matching.particles import LIGHT
from procurement.screening.matching.transliteration import fold, skeleton

SLIP_SHORTEST = 3
SOUND_SHORTEST = 3
CONSONANTS_SHORTEST = 2
_SOUND, _CONSONANTS, _RUN = b"~", b"#", b"="


def spelling_keys(token: str) -> set[int]:
    """The token and, from three letters on, the token with any one letter left out: one slip apart, one key shared.

    Source: the symmetric deletion of W. Garbe's SymSpell.
    """
    plain = token.encode()
    keys = {crc32(plain)}
    if len(token) >= SLIP_SHORTEST:
        if token.isascii():
            keys.update(crc32(plain[:at] + plain[at + 1 :]) for at in range(len(plain)))
        else:
            keys.update(crc32((token[:at] + token[at + 1 :]).encode()) for at in range(len(token)))
    sound = fold(token)
    if len(sound) >= SOUND_SHORTEST:
        keys.add(crc32(_SOUND + sound.encode()))
    return keys


def consonant_key(token: str) -> int | None:
    """The key of the token's consonants; ``None`` where they are too few to tell."""
    consonants = skeleton(token)
    return crc32(_CONSONANTS + consonants.encode()) if len(consonants) >= CONSONANTS_SHORTEST else None


def run_keys(run: str) -> set[int]:
    """Keys of words run together: as spelt, by sound, and by consonants."""
    keys = {crc32(_RUN + run.encode()), crc32(_RUN + _SOUND + fold(run).encode())}
    consonants = skeleton(run)
    if len(consonants) > CONSONANTS_SHORTEST:
        keys.add(crc32(_RUN + _CONSONANTS + consonants.encode()))
    return keys


def listed_run_keys(tokens: tuple[str, ...]) -> set[int]:
    """Keys of a listed name's neighbouring words run together, particles apart, and of all its words."""
    runs = {left + right for left, right in pairwise(tokens) if left not in LIGHT or right not in LIGHT}
    return set().union(*map(run_keys, {*runs, "".join(tokens)}))
