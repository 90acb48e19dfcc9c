"""Hierarchical fair share: usage of organisations, teams and people, forgotten by halves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

HALF_LIFE_S: Final = 7 * 24 * 3600.0
Path = tuple[str, ...]


@dataclass
class FairShare:
    """Decayed use of every node of the tree, and what each is due.

    A node's claim is its use over its weight, beside its siblings alone; a person's claim is compared only
    within the team, a team's only within the organisation.

    Source: the idea of Slurm's Fair Tree (documentation of priority/multifactor): siblings are ranked first at
    the highest level, then below.
    """

    half_life_s: float = HALF_LIFE_S
    weights: dict[Path, float] = field(default_factory=dict)
    _use: dict[Path, float] = field(default_factory=lambda: defaultdict(float))
    _at_s: float = 0.0

    def charge(self, path: Path, device_s: float, now: float) -> None:
        """Adds ``device_s`` device-seconds to a leaf and to all above it."""
        scale = 2.0 ** ((now - self._at_s) / self.half_life_s)
        if scale > 1e9:
            self._forget(now)
            scale = 1.0
        for depth in range(1, len(path) + 1):
            self._use[path[:depth]] += device_s * scale

    def _forget(self, now: float) -> None:
        scale = 2.0 ** ((self._at_s - now) / self.half_life_s)
        self._use = defaultdict(float, {path: use * scale for path, use in self._use.items()})
        self._at_s = now

    def claim(self, path: Path) -> tuple[float, ...]:
        """By which leaves are ordered, the lowest first: use over weight at each level, from the top."""
        return tuple(
            self._use.get(path[:depth], 0.0) / self.weights.get(path[:depth], 1.0) for depth in range(1, len(path) + 1)
        )
