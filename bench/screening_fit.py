"""Fits the weights of the matcher's features: ``python -m bench.screening_fit``; prints what goes into fitted.py.

Three kinds of examples, drawn with tuning seeds alone: the training half of the name bench; listed names made worse, as
true matches of the party that bears them; names on no list with their two likeliest candidates, as false ones. The best
of several spellings (or candidates) stands for its pair, so the fit is repeated until that choice settles. Logistic
regression with a ridge, by Newton's method.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.screening import PAIRS, World, pairs_of, world
from bench.screening_names import SPOILERS, on_no_list, spoilt
from procurement.screening.matching.alignment import align
from procurement.screening.matching.features import FEATURES, features
from procurement.screening.matching.normalise import Normalised, normalise, spellings
from procurement.screening.matching.scoring import judge_of

SEED = 1
PER_SPOILER = 40
STRANGERS = 400
SPOILT_MASS = 700.0
STRANGER_MASS = 500.0
RIDGE = 1.0
ROUNDS = 3

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """Ways to see one pair, of which the likeliest stands; whether it is a match; what it counts."""

    ways: Numbers
    is_match: bool
    mass: float


def main() -> None:
    here = world()
    true_ones, strangers, weights = [*_from_pairs(here), *_from_spoilt(here)], _strangers(here), None
    for _ in range(2):
        weights = fitted([*true_ones, *_from_strangers(strangers, weights)])
    values = ", ".join(f"{value:.3f}" for value in weights[:-1])
    print(f"BIAS = {weights[-1]:.3f}\nWEIGHTS = (\n{textwrap.indent(textwrap.fill(values + ',', 112), '    ')}\n)")


def fitted(examples: list[Example]) -> Numbers:
    """The weights, and the bias last."""
    weights = np.concatenate((-np.ones(7), np.zeros(len(FEATURES) - 7), [2.0]))
    truths = np.array([example.is_match for example in examples], float)
    masses = np.array([example.mass for example in examples])
    for _ in range(ROUNDS):
        chosen = [example.ways[np.argmax(example.ways @ weights[:-1])] for example in examples]
        weights = _regressed(np.array(chosen), truths, masses)
    return weights


def _regressed(rows: Numbers, truths: Numbers, masses: Numbers) -> Numbers:
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    ridge = np.diag([RIDGE] * (rows.shape[1] - 1) + [1e-6])
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (masses * (truths - chance)) - ridge @ weights
        step = np.linalg.solve((rows.T * (masses * chance * (1 - chance))) @ rows + ridge, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def _seen(here: World, query: Normalised, listed: Normalised) -> list[float]:
    found = align(query.tokens, listed.tokens, judge_of(query, listed))
    return features(query, listed, found, here.index.weight)


def _from_pairs(here: World) -> list[Example]:
    training, _ = pairs_of(PAIRS)
    return [
        Example(np.array([_seen(here, mine, theirs) for mine in _ways(left) for theirs in _ways(right)]), is_match, 1.0)
        for (_, left, right), is_match in training
    ]


def _ways(name: str) -> tuple[Normalised, ...]:
    return spellings(name) or (normalise(name),)


def _from_spoilt(here: World) -> list[Example]:
    mass = SPOILT_MASS / PER_SPOILER / len(SPOILERS)
    examples = []
    for spoiler in SPOILERS:
        for at, worse in spoilt(here.names, spoiler, PER_SPOILER, SEED):
            bearers = here.bearers[normalise(here.names[at]).key]
            ways = [numbers for key, numbers in _candidates(here, worse) if key in bearers]
            if ways:
                examples.append(Example(np.array(ways), True, mass))
    return examples


def _strangers(here: World) -> list[Numbers]:
    """Every candidate of each name on no list, seen in numbers."""
    names = [name for name in on_no_list(STRANGERS, SEED) if normalise(name).key not in here.bearers]
    return [np.array([numbers for _, numbers in _candidates(here, name)]) for name in names]


def _from_strangers(strangers: list[Numbers], weights: Numbers | None) -> list[Example]:
    """The two likeliest candidates of each, by the weights so far; at first, those of the most contradiction."""
    mass = STRANGER_MASS / len(strangers) / 2
    examples = []
    for ways in strangers:
        if len(ways):
            likely = ways[:, :7].sum(axis=1) if weights is None else ways @ weights[:-1]
            examples.extend(Example(ways[[at]], False, mass) for at in np.argsort(-likely)[:2])
    return examples


def _candidates(here: World, name: str) -> list[tuple[str, list[float]]]:
    found = []
    for query in spellings(name):
        for candidate in here.index.candidates(query):
            key = here.keys[here.index.party_of(candidate.row)]
            found.append((key, _seen(here, query, candidate.normalised)))
    return found


if __name__ == "__main__":
    main()
