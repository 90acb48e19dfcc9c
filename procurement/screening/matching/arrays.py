"""The index as arrays: made once from the listed parties, then only read, from memory or from a file.

A *row* is one spelling of one listed name. Ragged lists are one array of values and one of offsets: those of row
``r`` are ``values[offsets[r] : offsets[r + 1]]``.
"""

from __future__ import annotations

import json
import math
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from procurement.screening.matching.keys import consonant_key, listed_run_keys, spelling_keys
from procurement.screening.matching.normalise import Normalised, spellings
from procurement.screening.matching.particles import share
from procurement.screening.matching.subjects import ListedParty

Ints = NDArray[np.uint32]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
REFERENCE_NAMES = 50_000  # a list of three names does not make their words common


@dataclass(frozen=True)
class IndexArrays:
    """Everything that the index is, in arrays.

    Attributes:
        parties: each party as JSON in UTF-8, ragged by ``party_offsets``.
        row_party, row_name: whose name a row spells, and which of the party's names it is.
        row_vowelless: 1 where the row was written without vowels.
        row_mass: sum of the weights of the row's tokens.
        row_tokens, row_forms: positions in the vocabulary and among the forms, ragged.
        words: the vocabulary, sorted, a line each; ``forms`` the legal forms, a line each.
        word_weight: how much each word tells.
        postings: the rows that bear each word, ragged by ``posting_offsets``.
        key_hashes, key_words: sorted keys, and the word that has each.
        run_hashes, run_rows: sorted keys of words run together, and the row that has each.
    """

    parties: Bytes
    party_offsets: Ints
    party_keys: Bytes
    row_party: Ints
    row_name: Ints
    row_vowelless: Bytes
    row_mass: Floats
    row_tokens: Ints
    row_token_offsets: Ints
    row_forms: Ints
    row_form_offsets: Ints
    words: Bytes
    forms: Bytes
    word_weight: Floats
    postings: Ints
    posting_offsets: Ints
    key_hashes: Ints
    key_words: Ints
    run_hashes: Ints
    run_rows: Ints


def built(parties: Iterable[ListedParty], weigh: Callable[[str], float] | None = None) -> IndexArrays:
    """The arrays of these parties; seconds for a whole list.

    Args:
        weigh: the weight of a word by another index; by these parties' own names if ``None``.
    """
    return _Builder(parties).arrays(weigh)


def rarity(bearers: int, names: int) -> float:
    """Weight of a word that so many of the names bear: the inverse document frequency, at least 1."""
    return 1.0 + math.log((max(names, REFERENCE_NAMES) + 1) / (bearers + 1))


class _Builder:
    """Rows and postings as they come, arrays at the end."""

    def __init__(self, parties: Iterable[ListedParty]) -> None:
        self._texts: list[bytes] = []
        self._keys: list[str] = []
        self._rows: list[tuple[int, int, Normalised]] = []
        self._bearers: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        for number, party in enumerate(parties):
            self._keys.append(party.key)
            self._texts.append(_plain(party))
            for at, name in enumerate(party.names):
                for spelling in spellings(name.text):
                    for token in set(spelling.tokens):
                        self._bearers[token].append(len(self._rows))
                    self._rows.append((number, at, spelling))

    def arrays(self, weigh: Callable[[str], float] | None) -> IndexArrays:
        words = sorted(self._bearers)
        place = {word: at for at, word in enumerate(words)}
        forms = sorted({form for _, _, row in self._rows for form in row.forms})
        form_place = {form: at for at, form in enumerate(forms)}
        weights = [weigh(word) if weigh else rarity(len(self._bearers[word]), len(self._rows)) for word in words]
        masses = [sum(weights[place[token]] * share(token) for token in row.tokens) for _, _, row in self._rows]
        tokens, token_offsets = _ragged([[place[token] for token in row.tokens] for _, _, row in self._rows])
        form_ids, form_offsets = _ragged([[form_place[form] for form in row.forms] for _, _, row in self._rows])
        postings, posting_offsets = _ragged([self._bearers[word] for word in words])
        key_hashes, key_words = _sorted_keys(_word_keys(word) for word in words)
        run_hashes, run_rows = _sorted_keys(
            listed_run_keys(row.tokens) if len(row.tokens) > 1 else set() for _, _, row in self._rows
        )
        return IndexArrays(
            parties=_bytes(b"".join(self._texts)),
            party_offsets=_offsets(self._texts),
            party_keys=_bytes("\n".join(self._keys).encode()),
            row_party=np.array([number for number, _, _ in self._rows], np.uint32),
            row_name=np.array([at for _, at, _ in self._rows], np.uint32),
            row_vowelless=np.array([row.lacks_vowels for _, _, row in self._rows], np.uint8),
            row_mass=np.array(masses, np.float32),
            row_tokens=tokens,
            row_token_offsets=token_offsets,
            row_forms=form_ids,
            row_form_offsets=form_offsets,
            words=_bytes("\n".join(words).encode()),
            forms=_bytes("\n".join(forms).encode()),
            word_weight=np.array(weights, np.float32),
            postings=postings,
            posting_offsets=posting_offsets,
            key_hashes=key_hashes,
            key_words=key_words,
            run_hashes=run_hashes,
            run_rows=run_rows,
        )


def _plain(party: ListedParty) -> bytes:
    names = [[str(name.kind), name.text] for name in party.names]
    plain = [party.key, party.content_sha256, names, list(party.countries), str(party.kind)]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def _word_keys(word: str) -> set[int]:
    keys = spelling_keys(word)
    consonants = consonant_key(word)
    return keys if consonants is None else {*keys, consonants}


def _bytes(plain: bytes) -> Bytes:
    return np.frombuffer(plain, np.uint8) if plain else np.zeros(0, np.uint8)


def _offsets(parts: Sequence[Sequence[int]] | Sequence[bytes]) -> Ints:
    lengths = np.fromiter(map(len, parts), np.uint32, len(parts))
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.uint32)


def _ragged(parts: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    values = array("I")
    for part in parts:
        values.extend(part)
    return np.array(values, np.uint32), _offsets(parts)


def _sorted_keys(keys: Iterable[set[int]]) -> tuple[Ints, Ints]:
    """All keys in order, and the number of the set that each is of."""
    hashes, owners = array("I"), array("I")
    for number, own in enumerate(keys):
        hashes.extend(own)
        owners.extend([number] * len(own))
    order = np.argsort(np.array(hashes, np.uint32), kind="stable")
    return np.array(hashes, np.uint32)[order], np.array(owners, np.uint32)[order]
