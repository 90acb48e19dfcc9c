"""Recall: which listed names could be meant, out of tens of thousands, at most fifty of them.

Each word of the query finds the vocabulary's words that it may be (equal, a slip apart, of one sound, of the same
consonants, its beginning), and they find the names that bear them; words run together find names by themselves.
Names are ranked by a weighted overlap with the query: rare words count more (inverse document frequency).
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from procurement.screening.matching.arrays import Floats, IndexArrays, Ints, built, rarity
from procurement.screening.matching.keys import consonant_key, run_keys, spelling_keys
from procurement.screening.matching.normalise import Normalised
from procurement.screening.matching.particles import share
from procurement.screening.matching.similarity import CUT_SHORT, alike, alike_in_consonants
from procurement.screening.matching.subjects import ListedParty, Name, NameKind, PartyKind

MAX_CANDIDATES = 50
MAX_NEIGHBOURS = 24
MAX_CONTINUATIONS = 64
CONTINUED_SHORTEST = 4
RUN_SHORTEST = 6
LEAST_OVERLAP = 0.4
SHORTER_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Candidate:
    """One listed name that could be meant, ready to compare."""

    row: int
    normalised: Normalised


class CandidateIndex:
    """The names of every listed party, searchable by any of their parts; immutable once built.

    Args:
        parties: what is listed.
        weights_of: an index over whole lists whose token weights to use, so that a part of them scores alike.
        arrays: an index made before, instead of ``parties``.
    """

    def __init__(
        self,
        parties: Iterable[ListedParty] = (),
        weights_of: CandidateIndex | None = None,
        arrays: IndexArrays | None = None,
    ) -> None:
        weigh = weights_of.weight if weights_of is not None else None
        self.arrays = arrays if arrays is not None else built(parties, weigh)
        self._words = _lines(self.arrays.words)
        self._forms = _lines(self.arrays.forms)
        self._place = {word: at for at, word in enumerate(self._words)}
        self._weigh: Callable[[str], float] = weigh or self._own_weight
        self._unknown = rarity(0, len(self))

    def __len__(self) -> int:
        return len(self.arrays.row_party)

    @property
    def party_count(self) -> int:
        """How many parties are listed."""
        return len(self.arrays.party_offsets) - 1

    def weight(self, token: str) -> float:
        """How much a token tells: the inverse document frequency among listed names, at least 1."""
        return self._weigh(token)

    def party_of(self, row: int) -> int:
        """The number of the party whose name a row spells."""
        return int(self.arrays.row_party[row])

    def party(self, number: int) -> ListedParty:
        """A listed party by its number."""
        offsets = self.arrays.party_offsets
        key, content, names, countries, kind = json.loads(
            self.arrays.parties[offsets[number] : offsets[number + 1]].tobytes()
        )
        listed = tuple(Name(text, NameKind(name_kind)) for name_kind, text in names)
        return ListedParty(key, content, listed, tuple(countries), PartyKind(kind))

    def name_at(self, row: int) -> int:
        """Which of its party's names a row spells."""
        return int(self.arrays.row_name[row])

    def parties_of(self, keys: set[str]) -> Iterator[ListedParty]:
        """The listed parties of these keys."""
        for number, key in enumerate(_lines(self.arrays.party_keys)):
            if key in keys:
                yield self.party(number)

    def candidates(self, query: Normalised, limit: int = MAX_CANDIDATES) -> list[Candidate]:
        """The listed names that overlap most with the query, best first, at most ``limit``."""
        return [Candidate(row, self.spelling(row)) for row in self._ranked(query, limit)]

    def _own_weight(self, token: str) -> float:
        place = self._place.get(token)
        return self._unknown if place is None else float(self.arrays.word_weight[place])

    def _ranked(self, query: Normalised, limit: int) -> list[int]:
        mass = sum(self.weight(token) * share(token) for token in query.tokens)
        overlap = self._overlap(query, mass)
        rows = np.flatnonzero(overlap > LEAST_OVERLAP * SHORTER_SHARE)
        if not len(rows):
            return []
        masses = self.arrays.row_mass[rows]
        least, most = np.minimum(masses, mass), np.maximum(masses, mass)
        rank = np.minimum(overlap[rows], masses) / (SHORTER_SHARE * least + (1 - SHORTER_SHARE) * most)
        if len(rows) > limit:
            best = np.argpartition(-rank, limit)[:limit]
            rows, rank = rows[best], rank[best]
        kept = rank >= LEAST_OVERLAP
        order = np.argsort(-rank[kept], kind="stable")
        ranked: list[int] = rows[kept][order].tolist()
        return ranked

    def _overlap(self, query: Normalised, mass: float) -> Floats:
        """For every row, the weight of the query's words that it bears, or nearly bears."""
        overlap = np.zeros(len(self), np.float32)
        for at, token in enumerate(dict.fromkeys(query.tokens)):
            gains = self._gains(token, is_last=at == len(query.tokens) - 1, by_consonants=query.lacks_vowels)
            if len(gains) == 1:
                overlap[self._postings(gains[0][1])] += gains[0][0]
            elif gains:
                best = np.zeros(len(self), np.float32)
                for gain, place in gains:
                    best[self._postings(place)] = gain
                overlap += best
        for rows, credit in self._run_together(query, mass):
            overlap[rows] = np.minimum(overlap[rows] + credit, mass)
        return overlap

    def _postings(self, place: int) -> Ints:
        offsets = self.arrays.posting_offsets
        return self.arrays.postings[offsets[place] : offsets[place + 1]]

    def _gains(self, token: str, *, is_last: bool, by_consonants: bool) -> list[tuple[float, int]]:
        """Words that the token may be, by place, with what bearing each is worth; the best last."""
        judge = alike_in_consonants if by_consonants else alike
        keys = spelling_keys(token)
        if by_consonants and (consonants := consonant_key(token)) is not None:
            keys.add(consonants)
        near = []
        for place in set(_found(self.arrays.key_hashes, self.arrays.key_words, keys)):
            similarity, _ = judge(token, self._words[place])
            if similarity:
                near.append((similarity, place))
        near.sort()
        near = near[-MAX_NEIGHBOURS:]
        if is_last and len(token) >= CONTINUED_SHORTEST and (not near or near[-1][0] < 1):
            near[:0] = [(CUT_SHORT, place) for place in self._continuations(token)]
        most = self.weight(token) * share(token)
        weights = self.arrays.word_weight
        return [(similarity * min(most, float(weights[place])), place) for similarity, place in near]

    def _continuations(self, token: str) -> range:
        """Words that begin with the token."""
        first = bisect_left(self._words, token)
        last = bisect_left(self._words, token + "\uffff", first)
        return range(first, min(last, first + MAX_CONTINUATIONS))

    def _run_together(self, query: Normalised, mass: float) -> Iterator[tuple[Ints, float]]:
        """Rows in which neighbouring words run together are a word of the query, or the reverse, and their worth."""
        tokens = query.tokens
        if len(tokens) > 1:
            yield self._runs("".join(tokens)), mass
        for token in tokens:
            if len(token) >= RUN_SHORTEST:
                yield self._runs(token), self.weight(token)
        for left, right in pairwise(tokens):
            place = self._place.get(left + right)
            if place is not None:
                yield self._postings(place), float(self.arrays.word_weight[place])

    def _runs(self, run: str) -> Ints:
        return np.array(_found(self.arrays.run_hashes, self.arrays.run_rows, run_keys(run)), np.uint32)

    def spelling(self, row: int) -> Normalised:
        """A row as it is compared."""
        arrays = self.arrays
        at, end = arrays.row_token_offsets[row], arrays.row_token_offsets[row + 1]
        tokens = tuple([self._words[place] for place in arrays.row_tokens[at:end].tolist()])
        at, end = arrays.row_form_offsets[row], arrays.row_form_offsets[row + 1]
        forms = tuple([self._forms[place] for place in arrays.row_forms[at:end].tolist()])
        return Normalised("", tokens, forms, "", bool(arrays.row_vowelless[row]))


def _found(hashes: Ints, owners: Ints, keys: set[int]) -> list[int]:
    """The owners of these keys."""
    wanted = np.fromiter(keys, np.uint32, len(keys))
    first = np.searchsorted(hashes, wanted, "left")
    last = np.searchsorted(hashes, wanted, "right")
    found: list[int] = []
    for at, end in zip(first.tolist(), last.tolist(), strict=True):
        if end > at:
            found.extend(owners[at:end].tolist())
    return found


def _lines(plain: Sequence[int] | np.ndarray) -> list[str]:
    text = np.asarray(plain).tobytes().decode()
    return text.split("\n") if text else []
