"""Recall: which listed names could be meant, out of tens of thousands, at most fifty of them.

An inverted index from token to names, and a trigram index from letters to the vocabulary's tokens so that a
misspelt token finds its neighbours. Names are ranked by a weighted overlap with the query: rare tokens count
more (inverse document frequency).
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from procurement.screening.matching.normalise import Normalised, normalise
from procurement.screening.matching.similarity import token_similarity
from procurement.screening.matching.subjects import ListedParty, Name
from procurement.screening.matching.transliteration import skeleton

MAX_CANDIDATES = 50
REFERENCE_NAMES = 50_000  # a list of three names does not make their words common
MAX_NEIGHBOURS = 24
MIN_SHARED_TRIGRAMS = 0.3


@dataclass(frozen=True, slots=True)
class IndexedName:
    """One listed name, ready to compare."""

    party: ListedParty
    name: Name
    normalised: Normalised


class CandidateIndex:
    """The names of every listed party, searchable by any of their parts; immutable once built.

    Args:
        weights_of: an index over whole lists whose token weights to use, so that a part of them scores alike.
    """

    def __init__(self, parties: Iterable[ListedParty], weights_of: CandidateIndex | None = None) -> None:
        self.names: list[IndexedName] = []
        self._weights_of = weights_of
        self._postings: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        self._squashed: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        for party in parties:
            for name in party.names:
                self._add(IndexedName(party, name, normalise(name.text)))
        self._vocabulary = list(self._postings)
        self._trigrams: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        for number, token in enumerate(self._vocabulary):
            for gram in _grams(token):
                self._trigrams[gram].append(number)
        self._masses = [sum(map(self.weight, name.normalised.tokens)) for name in self.names]

    def __len__(self) -> int:
        return len(self.names)

    def weight(self, token: str) -> float:
        """How much a token tells: the inverse document frequency among listed names, at least 1."""
        if self._weights_of is not None:
            return self._weights_of.weight(token)
        bearers = len(self._postings[token]) if token in self._postings else 0
        return 1.0 + math.log((max(len(self.names), REFERENCE_NAMES) + 1) / (bearers + 1))

    def candidates(self, query: Normalised, limit: int = MAX_CANDIDATES) -> list[IndexedName]:
        """The listed names that overlap most with the query, best first, at most ``limit``."""
        overlap: defaultdict[int, float] = defaultdict(float)
        for token in query.tokens:
            for number, met in self._bearers(token, query.lacks_vowels).items():
                overlap[number] += met
        for number in self._run_together(query):
            overlap[number] += sum(map(self.weight, query.tokens))
        mass = sum(map(self.weight, query.tokens))
        ranked = sorted(overlap, key=lambda number: -2 * overlap[number] / (mass + self._masses[number]))
        return [self.names[number] for number in ranked[:limit]]

    @cached_property
    def _skeletons(self) -> dict[str, array[int]]:
        """Names by their consonants; made at the first name whose script lacks vowels."""
        skeletons: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        for number, name in enumerate(self.names):
            if name.normalised.squashed.isascii():
                skeletons[skeleton(name.normalised.squashed)].append(number)
        return skeletons

    def _add(self, indexed: IndexedName) -> None:
        number = len(self.names)
        self.names.append(indexed)
        normalised = indexed.normalised
        for token in dict.fromkeys(normalised.tokens):
            self._postings[token].append(number)
        self._squashed[normalised.squashed].append(number)

    def _bearers(self, token: str, lacks_vowels: bool) -> dict[int, float]:
        """Names that bear the token or a neighbour of it, with the weight of the best one."""
        met: dict[int, float] = {}
        for neighbour, similarity in self._neighbours(token):
            gain = similarity * self.weight(neighbour)
            for number in self._postings[neighbour]:
                if gain > met.get(number, 0.0):
                    met[number] = gain
        if lacks_vowels:
            for number in self._skeletons.get(skeleton(token), ()):
                met.setdefault(number, self.weight(token))
        return met

    def _run_together(self, query: Normalised) -> Iterator[int]:
        """Names that are the query but for their spaces, or for vowels its script does not write."""
        yield from self._squashed.get(query.squashed, ())
        if query.lacks_vowels:
            yield from self._skeletons.get(skeleton(query.squashed), ())

    def _neighbours(self, token: str) -> list[tuple[str, float]]:
        """Tokens of the vocabulary near to ``token``, with their similarity, nearest first."""
        grams = _grams(token)
        shared: defaultdict[int, int] = defaultdict(int)
        for gram in grams:
            for number in self._trigrams.get(gram, ()):
                shared[number] += 1
        least = max(1, int(len(grams) * MIN_SHARED_TRIGRAMS))
        near = []
        for number, count in shared.items():
            if count >= least:
                similarity = token_similarity(token, self._vocabulary[number])
                if similarity:
                    near.append((self._vocabulary[number], similarity))
        near.sort(key=lambda pair: -pair[1])
        return near[:MAX_NEIGHBOURS]


def _grams(token: str) -> set[str]:
    """The trigrams of a token, its edges marked."""
    padded = f"^{token}$"
    return {padded[at : at + 3] for at in range(len(padded) - 2)} or {padded}
