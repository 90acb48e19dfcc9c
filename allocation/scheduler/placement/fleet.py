"""A fleet of hosts as arrays: what is left on each host of processors, memory and accelerators.

Shapes: N hosts, D devices on the largest host, T shapes of asks. Processors and accelerators in thousandths.
A host's ``kind`` is the class that an ask is tied to: its chip, and the licence lines that its devices came under.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
WHOLE = 1000
ABSENT = -1


@dataclass(frozen=True, slots=True)
class Ask:
    """What one job needs of one host; ``kinds`` None means any.

    ``milli`` is asked of each of ``devices``: 1000 is a whole device, less may share one.
    """

    cpu_milli: int
    memory_mib: int
    devices: int
    milli: int
    kinds: frozenset[str] | None = None

    @property
    def load(self) -> int:
        """Thousandths of an accelerator, over all its devices."""
        return self.devices * self.milli


@dataclass(frozen=True, slots=True)
class Host:
    """One host when nothing runs on it."""

    name: str
    cpu_milli: int
    memory_mib: int
    devices: int
    kind: str


class Fleet:
    """What is left on each host; hosts are kept in the order of their names."""

    def __init__(self, hosts: list[Host]) -> None:
        ordered = sorted(hosts, key=lambda host: host.name)
        self.names = [host.name for host in ordered]
        self.kinds = sorted({host.kind for host in ordered})
        self.kind: Ints = np.array([self.kinds.index(host.kind) for host in ordered], np.int64)
        self.cpu: Ints = np.array([host.cpu_milli for host in ordered], np.int64)
        self.memory: Ints = np.array([host.memory_mib for host in ordered], np.int64)
        most = max((host.devices for host in ordered), default=0)
        self.levels: Ints = np.full((len(ordered), most), ABSENT, np.int64)
        for number, host in enumerate(ordered):
            self.levels[number, : host.devices] = WHOLE
        self.capacity = int(np.where(self.levels > 0, self.levels, 0).sum())

    def take(self, host: int, ask: Ask, slots: list[int]) -> None:
        """Give ``ask`` its part of a host.

        Raises:
            ValueError: the host has less left than that.
        """
        left = self.levels[host, slots]
        if self.cpu[host] < ask.cpu_milli or self.memory[host] < ask.memory_mib or (left < ask.milli).any():
            raise ValueError(f"{self.names[host]} has less left than {ask}.")
        self.cpu[host] -= ask.cpu_milli
        self.memory[host] -= ask.memory_mib
        self.levels[host, slots] -= ask.milli

    def give_back(self, host: int, ask: Ask, slots: list[int]) -> None:
        """Take back what ``ask`` held."""
        self.cpu[host] += ask.cpu_milli
        self.memory[host] += ask.memory_mib
        self.levels[host, slots] += ask.milli


class AskTable:
    """The distinct shapes of asks, as arrays of length T."""

    def __init__(self, asks: list[Ask], fleet: Fleet) -> None:
        self.asks = list(dict.fromkeys(asks))
        self.number = {ask: number for number, ask in enumerate(self.asks)}
        self.cpu: Ints = np.array([ask.cpu_milli for ask in self.asks], np.int64)
        self.memory: Ints = np.array([ask.memory_mib for ask in self.asks], np.int64)
        self.devices: Ints = np.array([ask.devices for ask in self.asks], np.int64)
        self.milli: Ints = np.array([ask.milli if ask.devices else 0 for ask in self.asks], np.int64)
        self.shares: Flags = (self.devices == 1) & (self.milli < WHOLE)
        self.open_to: Flags = np.array(
            [[ask.kinds is None or kind in ask.kinds for kind in fleet.kinds] for ask in self.asks], np.bool_
        ).reshape(len(self.asks), len(fleet.kinds))
