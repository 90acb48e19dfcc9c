"""The scores of every shape of ask on every host, kept current as hosts change.

One placement changes one host, so only that host's column is scored anew; hosts that look alike share one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from allocation.scheduler.placement.fleet import WHOLE, Ask, AskTable, Fleet, Floats, Ints
from allocation.scheduler.placement.packing import NOWHERE, Packing, Sight

REMEMBERED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Seat:
    """Where an ask was placed: the host's number in the fleet, and its devices."""

    host: int
    slots: tuple[int, ...]


class Board:
    """Scores [T, N] of T shapes of asks on N hosts; minus infinity where there is no room."""

    def __init__(self, fleet: Fleet, table: AskTable, packing: Packing, *, lots: np.random.Generator | None = None):
        self.fleet, self.table, self.packing, self.lots = fleet, table, packing, lots
        self.scores: Floats = np.full((len(table.asks), len(fleet.names)), NOWHERE)
        self.levels: Ints = np.zeros((len(table.asks), len(fleet.names)), np.int64)
        self._seen: dict[tuple[int, int, bytes], tuple[Floats, Ints]] = {}
        for host in range(len(fleet.names)):
            self.refresh(host)

    def refresh(self, host: int) -> None:
        """Score one host anew, after something on it changed."""
        levels = self.fleet.levels[host]
        key = (int(self.fleet.kind[host]), int(self.fleet.cpu[host]), levels.tobytes())
        found = self._seen.get(key)
        if found is None:
            found = self.packing.column(Sight(key[0], key[1], levels), self.table)
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[key] = found
        self.scores[:, host] = np.where(self._has_room(host), found[0], NOWHERE)
        self.levels[:, host] = found[1]

    def _has_room(self, host: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        table, fleet = self.table, self.fleet
        ordered = np.sort(fleet.levels[host])[::-1]
        enough = table.devices <= (fleet.levels[host] >= 0).sum()
        deepest = np.where(table.devices > 0, ordered[np.minimum(table.devices, len(ordered)) - 1], WHOLE)
        fits: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            (table.cpu <= fleet.cpu[host])
            & (table.memory <= fleet.memory[host])
            & table.open_to[:, fleet.kind[host]]
            & enough
            & (deepest >= table.milli)
        )
        return fits

    def place(self, ask: Ask) -> Seat | None:
        """Give an ask the best host with room, and take its part of it; None where it fits nowhere."""
        shape = self.table.number[ask]
        host = self._best(self.scores[shape])
        if host is None:
            return None
        seat = Seat(host, self._slots(host, shape))
        self.fleet.take(host, ask, list(seat.slots))
        self.refresh(host)
        return seat

    def release(self, ask: Ask, seat: Seat) -> None:
        """Take back what an ask held."""
        self.fleet.give_back(seat.host, ask, list(seat.slots))
        self.refresh(seat.host)

    def _best(self, row: Floats) -> int | None:
        if self.lots is not None:
            roomy = np.flatnonzero(row > NOWHERE)
            return int(self.lots.choice(roomy)) if roomy.size else None
        best = int(row.argmax())
        return best if row[best] > NOWHERE else None

    def _slots(self, host: int, shape: int) -> tuple[int, ...]:
        levels = self.fleet.levels[host]
        ask = self.table.asks[shape]
        if not ask.devices:
            return ()
        if not self.table.shares[shape]:
            return tuple(np.flatnonzero(levels >= ask.milli)[: ask.devices].tolist())
        if self.lots is not None:
            return (int(self.lots.choice(np.flatnonzero(levels >= ask.milli))),)
        return (int(np.flatnonzero(levels == self.levels[shape, host])[0]),)
