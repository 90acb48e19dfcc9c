"""How long jobs have run, learned from those that succeeded: estimates with a range, no oracle."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Final

from django.db import connection

from allocation.scheduler.placement.history import History

LEARNED_AT_ONCE: Final = 5_000
_ENDED: Final = """
SELECT j.ended_at, j.id, j.team_id, j.device_count, j.name,
       (SELECT SUM(EXTRACT(EPOCH FROM a.ended_at - COALESCE(a.started_at, a.claimed_at)))
        FROM allocation_attempt a WHERE a.job_id = j.id AND a.claimed_at IS NOT NULL)
FROM allocation_job j
WHERE j.state = 'succeeded' AND (j.ended_at, j.id) > (%s, %s) ORDER BY j.ended_at, j.id LIMIT %s
"""
_BEGINNING: Final = (datetime(2000, 1, 1, tzinfo=UTC), "00000000-0000-0000-0000-000000000000")


class Runtimes:
    """A history that reads on from where it stopped."""

    def __init__(self) -> None:
        self._history, self._cursor = History(), _BEGINNING
        self._known: dict[tuple[Hashable, ...], tuple[float, float, float]] = {}

    def learn(self) -> None:
        """Read the jobs that have succeeded since the last time."""
        with connection.cursor() as cursor:
            cursor.execute(_ENDED, [*self._cursor, LEARNED_AT_ONCE])
            rows = cursor.fetchall()
        if rows:
            self._known.clear()
        for ended_at, job, team, devices, name, ran_s in rows:
            self._cursor = (ended_at, str(job))
            if ran_s:
                self._history.learn(sorts_of(str(team), devices, name), float(ran_s))

    def likely_s(self, sorts: tuple[Hashable, ...], limit_s: float) -> tuple[float, float, float]:
        """Early, likely and late length of a run, within its limit; until any job has ended, the limit alone."""
        if not self._history.estimate(()).seen:
            return 0.0, limit_s, limit_s
        known = self._known.get(sorts)
        if known is None:
            found = self._history.estimate(sorts)
            known = self._known[sorts] = (found.low_s, found.typical_s, found.high_s)
        low, typical, high = known
        return min(low, limit_s), min(typical, limit_s), min(high, limit_s)


def sorts_of(team: str, devices: int, name: str) -> tuple[Hashable, ...]:
    """What a job has in common with earlier ones, from the most general: its team, the size of its gang, its name."""
    return ((team,), (team, devices), (team, devices, name))
