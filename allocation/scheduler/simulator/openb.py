"""Replay of the openb traces: asks only arrive, and one that fits nowhere fails for good.

Source: the published protocol of Weng et al. 2023: sort by name, shuffle by seed, append random re-draws until
what was asked for is 130 % of the capacity. Measured: allocated share of the accelerators when 100 % and 130 %
of the capacity have arrived.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from allocation.scheduler.placement.board import Board
from allocation.scheduler.placement.fleet import Ask, AskTable, Fleet, Host
from allocation.scheduler.placement.packing import AnyRoom, BestFit, Fragmentation, Packing, Scarcity, usual_workload

TRACES: Final = ("default", "cpu100", "gpuspec33", "gpushare100", "multigpu50")
MARKS: Final = (100, 130)
SEEDS: Final = tuple(range(42, 52))
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Filled:
    """What one replay came to: allocated % at each mark of arrived %, and the curve between."""

    at: dict[int, float]
    arrived: tuple[float, ...]
    allocated: tuple[float, ...]
    asked: int
    refused: int


def read_hosts(path: Path) -> list[Host]:
    """The node list."""
    return [
        Host(row["sn"], int(row["cpu_milli"]), int(row["memory_mib"]), int(row["gpu"]), row["model"])
        for row in _rows(path)
    ]


def read_asks(path: Path) -> list[Ask]:
    """The pod list, in the order of names."""
    return [_ask(row) for row in sorted(_rows(path), key=lambda row: row["name"])]


def _ask(row: dict[str, str]) -> Ask:
    models = frozenset(row["gpu_spec"].split("|")) if row.get("gpu_spec") else None
    devices = int(row["num_gpu"])
    milli = int(row["gpu_milli"]) if devices else 0
    return Ask(int(row["cpu_milli"]), int(row["memory_mib"]), devices, milli, models if devices else None)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def arrivals(asks: list[Ask], *, capacity: int, seed: int) -> list[Ask]:
    """The asks of one run: shuffled, then drawn again until 130 % of ``capacity`` was asked for."""
    lots = np.random.default_rng(seed)
    queue = [asks[number] for number in lots.permutation(len(asks))]
    load = sum(ask.load for ask in queue)
    while load < MARKS[-1] / 100 * capacity:
        queue.append(asks[int(lots.integers(len(asks)))])
        load += queue[-1].load
    return queue


def board_for(policy: str, *, fleet: Fleet, asks: list[Ask], seed: int) -> Board:
    """A board that scores by ``policy``.

    Raises:
        KeyError: there is no such policy.
    """
    table = AskTable(asks, fleet)
    makers: dict[str, Callable[[], Packing]] = {
        "random": AnyRoom,
        "best-fit": BestFit,
        "fgd": lambda: Fragmentation(usual_workload(asks), fleet),
        "writ": lambda: Scarcity(usual_workload(asks), fleet),
    }
    lots = np.random.default_rng([seed, 1]) if policy == "random" else None
    return Board(fleet, table, makers[policy](), lots=lots)


def replay(policy: str, *, hosts: list[Host], asks: list[Ask], seed: int, progress: Progress | None = None) -> Filled:
    """Place one run's asks one by one."""
    fleet = Fleet(hosts)
    board = board_for(policy, fleet=fleet, asks=asks, seed=seed)
    queue = arrivals(asks, capacity=fleet.capacity, seed=seed)
    arrived = allocated = refused = 0
    at: dict[int, float] = {}
    curve: list[tuple[float, float]] = []
    for ask in queue:
        arrived += ask.load
        if board.place(ask) is None:
            refused += 1
        else:
            allocated += ask.load
        here = 100 * allocated / fleet.capacity
        for mark in MARKS:
            if mark not in at and arrived >= mark / 100 * fleet.capacity:
                at[mark] = here
        curve.append((100 * arrived / fleet.capacity, here))
        if len(at) == len(MARKS):
            break
        if progress and len(curve) % 500 == 0:
            progress(arrived / (MARKS[-1] / 100 * fleet.capacity))
    return Filled(at, tuple(x for x, _ in curve), tuple(y for _, y in curve), len(curve), refused)
