"""Which host, and which of its devices: the scores by which one ask is placed.

A score is the higher the better; the first host in the order of names wins a tie. Shapes: T shapes of asks,
U distinct levels of what devices have left on one host, K distinct (devices, thousandths) of the usual workload.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from allocation.scheduler.placement.fleet import WHOLE, Ask, AskTable, Fleet, Floats, Ints

NOWHERE = -np.inf
LARGEST_CPU_MILLI = 128_000
LARGEST_LOAD = 8_000
USUAL_SHARE = 0.95
NEAR = 40.0
TIE = 1e-3


@dataclass(frozen=True)
class Sight:
    """One host as it stands: its kind, processors and what each of its devices has left."""

    kind: int
    cpu: int
    levels: Ints


class Packing(Protocol):
    """Scores one host for every shape of ask, and says which level of device a sharing ask should take."""

    def column(self, sight: Sight, table: AskTable) -> tuple[Floats, Ints]:
        """Scores [T], read only where there is room, and the level [T] that a sharing ask takes."""
        ...


class AnyRoom:
    """Every host with room is as good as another; whoever picks, picks by lot."""

    def column(self, sight: Sight, table: AskTable) -> tuple[Floats, Ints]:
        """Scores [T] and levels [T]."""
        return np.zeros(len(table.asks)), np.zeros(len(table.asks), np.int64)


class BestFit:
    """The host that is left with the least, and there the fullest device with room.

    Source: best_fit_score of the artefact of Weng et al. 2023: half processors, half accelerators, in hundredths.
    """

    def column(self, sight: Sight, table: AskTable) -> tuple[Floats, Ints]:
        """Scores [T] and levels [T]."""
        free = int(sight.levels[sight.levels > 0].sum())
        left = 0.5 * (sight.cpu - table.cpu) / LARGEST_CPU_MILLI
        left += 0.5 * (free - table.devices * table.milli) / LARGEST_LOAD
        options = np.sort(distinct_levels(sight.levels))
        place = np.minimum(np.searchsorted(options, table.milli), max(len(options) - 1, 0))
        levels = options[place] if options.size else np.zeros(len(table.asks), np.int64)
        return np.floor((1.0 - left) * 100), levels


class Fragmentation:
    """The host whose unusable rest grows least: gradient descent on expected fragmentation (FGD).

    The rest of a host is unusable for a usual ask that does not fit there; the expectation is over the workload.

    Source: Weng et al., "Beware of Fragmentation", USENIX ATC 2023, section 4, and its published artefact,
    which rounds the score to whole hundredths of a sigmoid.
    """

    def __init__(self, usual: dict[Ask, float], fleet: Fleet) -> None:
        wanted = {ask: share for ask, share in usual.items() if ask.devices}
        self.sizes = sorted({(ask.devices, ask.milli) for ask in wanted})
        self.count: Ints = np.array([size[0] for size in self.sizes], np.int64)
        self.milli: Ints = np.array([size[1] for size in self.sizes], np.int64)
        self.grid: Ints = np.array(sorted({ask.cpu_milli for ask in wanted}), np.int64)
        self.weight = self._weights(wanted, fleet)

    def _weights(self, wanted: dict[Ask, float], fleet: Fleet) -> Floats:
        """Share of the workload [kind, step of the processor grid, K] that finds its processors and its kind."""
        found = np.zeros((len(fleet.kinds), len(self.grid) + 1, len(self.sizes)))
        for ask, share in wanted.items():
            step = int(np.searchsorted(self.grid, ask.cpu_milli)) + 1
            size = self.sizes.index((ask.devices, ask.milli))
            for kind, name in enumerate(fleet.kinds):
                if ask.kinds is None or name in ask.kinds:
                    found[kind, step:, size] += share
        return found

    def column(self, sight: Sight, table: AskTable) -> tuple[Floats, Ints]:
        """Scores [T] and levels [T]."""
        options = distinct_levels(sight.levels)
        gain = self.gains(sight, table, options)
        scores = np.where(gain > NOWHERE, np.floor(100.0 / (1.0 + np.exp(-gain / 1000.0))), NOWHERE)
        return best_level(scores, options)

    def gains(self, sight: Sight, table: AskTable, options: Ints) -> Floats:
        """By how many thousandths the unusable rest shrinks [T, U], for each shape at each level."""
        after = np.full((len(table.asks), max(len(options), 1)), NOWHERE)
        weight = self.weight[sight.kind][np.searchsorted(self.grid, sight.cpu - table.cpu, side="right")]
        whole, shares = np.flatnonzero(~table.shares), np.flatnonzero(table.shares)
        after[whole] = self._after_whole(sight.levels, table.devices[whole], weight[whole])[:, None]
        if shares.size and options.size:
            after[shares] = self._after_shared(sight.levels, options, table.milli[shares], weight[shares])
        gain: Floats = after + (table.devices * table.milli)[:, None] - self.useful(sight)
        return gain

    def useful(self, sight: Sight) -> float:
        """Thousandths of this host's free devices that a usual ask can use, expected over the workload."""
        room, usable = self._room(sight.levels)
        step = int(np.searchsorted(self.grid, sight.cpu, side="right"))
        return float((self.weight[sight.kind, step] * (room >= self.count) * usable).sum())

    def _room(self, levels: Ints) -> tuple[Ints, Ints]:
        """How many devices reach each size [K], and what they have left together [K]."""
        reached = levels[:, None] >= self.milli
        return reached.sum(0), (levels[:, None] * reached).sum(0)

    def _after_whole(self, levels: Ints, taken: Ints, weight: Floats) -> Floats:
        """What stays useful [W] after whole devices are taken."""
        room, usable = self._room(levels)
        fits = (room - taken[:, None]) >= self.count
        kept: Floats = (weight * fits * (usable - WHOLE * taken[:, None])).sum(1)
        return kept

    def _after_shared(self, levels: Ints, options: Ints, milli: Ints, weight: Floats) -> Floats:
        """What stays useful [S, U] after part of one device at each level is taken."""
        room, usable = self._room(levels)
        rest = options - milli[:, None]
        reached = options[:, None] >= self.milli
        still = rest[:, :, None] >= self.milli
        fits = (room - reached + still) >= self.count
        kept = usable - options[:, None] * reached + rest[:, :, None] * still
        value: Floats = np.where(rest >= 0, (weight[:, None, :] * fits * kept).sum(2), NOWHERE)
        return value


class Scarcity(Fragmentation):
    """Writ's own: fragmentation with scarce kinds dearer, and near ties given to the host that is left with least.

    A usual ask that only few hosts may serve, for its chip or its licence lines, weighs the more the fewer they
    are, so that what could run anywhere keeps off them. Gains within ``NEAR`` count as equal.
    """

    def __init__(self, usual: dict[Ask, float], fleet: Fleet) -> None:
        super().__init__(_by_scarcity(usual, fleet), fleet)

    def column(self, sight: Sight, table: AskTable) -> tuple[Floats, Ints]:
        """Scores [T] and levels [T]."""
        options = distinct_levels(sight.levels)
        steps = np.floor(self.gains(sight, table, options) / NEAR)
        left = int(sight.levels[sight.levels > 0].sum()) - table.devices * table.milli
        scores = steps - (left / LARGEST_LOAD * TIE)[:, None]
        if options.size:
            scores = scores - TIE * TIE * options / WHOLE
        return best_level(scores, options)


def _by_scarcity(usual: dict[Ask, float], fleet: Fleet) -> dict[Ask, float]:
    """Each frequency times (all devices / devices of the kinds open to the ask), with the same sum as before."""
    held = {name: int((fleet.levels[fleet.kind == code] > 0).sum()) for code, name in enumerate(fleet.kinds)}
    asked = {ask: share for ask, share in usual.items() if ask.devices}
    weights = {}
    for ask, share in asked.items():
        open_to = sum(count for name, count in held.items() if ask.kinds is None or name in ask.kinds)
        if open_to:
            weights[ask] = share * sum(held.values()) / open_to
    scale = sum(asked.values()) / sum(weights.values()) if weights else 1.0
    return {ask: weight * scale for ask, weight in weights.items()}


def best_level(scores: Floats, options: Ints) -> tuple[Floats, Ints]:
    """Of scores [T, U] the best [T], with its level."""
    best = scores.argmax(1)
    levels = options[best] if options.size else np.zeros(len(best), np.int64)
    return scores[np.arange(len(best)), best], levels


def distinct_levels(levels: Ints) -> Ints:
    """The levels above zero, each once, in the order of the first device that has it."""
    return np.array([level for level in dict.fromkeys(levels.tolist()) if level > 0], np.int64)


def usual_workload(asks: list[Ask], *, share: float = USUAL_SHARE) -> dict[Ask, float]:
    """The most frequent shapes that make up ``share`` of the asks, with their frequencies, summing to one.

    Memory is left out, as in the published artefact.
    """
    counted = Counter(Ask(ask.cpu_milli, 0, ask.devices, ask.milli, ask.kinds) for ask in asks)
    ranked = sorted(counted.items(), key=lambda item: (item[1], _rank(item[0])), reverse=True)
    kept: dict[Ask, float] = {}
    for ask, times in ranked:
        if sum(kept.values()) >= share * len(asks):
            break
        kept[ask] = times
    total = sum(kept.values())
    return {ask: times / total for ask, times in kept.items()}


def _rank(ask: Ask) -> tuple[int, int, int, str]:
    return ask.cpu_milli, ask.milli, ask.devices, "|".join(sorted(ask.kinds or ()))
