"""What a run measured, from PostgreSQL and the hosts' process records alone."""

from __future__ import annotations

from statistics import median
from typing import Any, Final

import psycopg

from tests.chaos.checker import Life

_STOPPED: Final = """
SELECT i.attempt_id::text, d.begun_at FROM allocation_drainitem i JOIN allocation_drain d ON d.id = i.drain_id
WHERE d.cause_kind = 'licence' AND d.begun_at < (SELECT a.ended_at FROM allocation_attempt a WHERE a.id = i.attempt_id)
"""
# From the last good renewal of the lost attempt to the claim of the next one that any host made for the same job.
_RESUMED: Final = """
SELECT EXTRACT(EPOCH FROM n.started_at - h.last_seen)::float FROM allocation_attempt a
JOIN LATERAL (SELECT max(last_renewed_at) AS last_seen FROM allocation_attempthost WHERE attempt_id = a.id) h ON true
JOIN LATERAL (SELECT min(started_at) AS started_at FROM allocation_attempt b
              WHERE b.job_id = a.job_id AND b.number > a.number AND b.started_at IS NOT NULL) n ON true
WHERE a.outcome = 'host_lost' AND n.started_at IS NOT NULL
"""


def of_run(connection: psycopg.Connection[Any], lives: list[Life]) -> dict[str, Any]:
    """Seconds, as least, median, most and count: how soon a revocation was felt, how soon lost work went on."""
    begun = dict(connection.execute(_STOPPED).fetchall())
    told = [(life, begun[life.attempt]) for life in lives if life.attempt in begun and life.first < begun[life.attempt]]
    signals = [(life.told - moment).total_seconds() for life, moment in told if life.told and life.told > moment]
    gone = [(life.last - moment).total_seconds() for life, moment in told if life.last > moment]
    resumed = [row[0] for row in connection.execute(_RESUMED).fetchall()]
    return {
        "revocation to SIGTERM, s": spread(signals),
        "revocation to last process, s": spread(gone),
        "host loss to resumed, s": spread(resumed),
        "resumed from a checkpoint": sum(life.resumed_from > 0 for life in lives),
    }


def spread(values: list[float]) -> dict[str, float | int] | None:
    """Least, median, most and how many; None of nothing."""
    if not values:
        return None
    return {"min": round(min(values), 2), "median": round(median(values), 2), "max": round(max(values), 2),
            "count": len(values)}  # fmt: skip
