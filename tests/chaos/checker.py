"""The independent checker: reads PostgreSQL, the hosts' process records and the ledger, and knows none of Writ's code.

A process record says when a process surely lived: from its start to its last line. What it cannot see is the quarter
of a second after that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg

SLACK_S: Final = 0.5
FINAL: Final = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Life:
    """When the processes of one attempt surely lived on one host, and how often they were started."""

    attempt: str
    host: str
    starts: int
    first: datetime
    last: datetime


def read_records(folders: Iterable[Path]) -> list[Life]:
    """The lives that the hosts' runners wrote down."""
    return [_life(path, folder.parent.name) for folder in folders for path in sorted(folder.iterdir())]


def _life(path: Path, host: str) -> Life:
    lines = [line.split() for line in path.read_text().splitlines() if len(line.split()) == 2]
    moments = [datetime.fromtimestamp(float(at), UTC) for _, at in lines]
    return Life(path.name, host, sum(what == "start" for what, _ in lines), min(moments), max(moments))


@dataclass(frozen=True)
class Told:
    """What the schedule did that the checker has to know: guards that it stopped, and licences that it suspended."""

    stopped_guards: frozenset[str]
    suspended: frozenset[str]


def violations(connection: psycopg.Connection[Any], lives: list[Life], told: Told) -> list[str]:
    """Every broken invariant, by its number."""
    return [
        *_i1(connection, lives, told),
        *_rows(connection, "I2", TWO_LEASES),
        *_i3(connection, lives),
        *_i4(connection, lives),
        *_i5(connection, told),
        *_rows(connection, "I6", OVERSPENT),
        *_rows(connection, "I6", CHARGED_OTHERWISE),
        *_rows(connection, "I7", LEDGER_ROWS),
        *_rows(connection, "I8", UNFINISHED, FINAL),
    ]


def _rows(connection: psycopg.Connection[Any], number: str, query: str, *values: Any) -> list[str]:
    return [f"{number}: {row}" for row in connection.execute(query, [list(value) for value in values]).fetchall()]


TWO_LEASES: Final = """
SELECT 'two leases at once', a.device_id::text, a.id::text, b.id::text FROM allocation_lease a JOIN allocation_lease b
ON a.device_id = b.device_id AND a.id < b.id
AND tstzrange(a.placed_at, a.released_at) && tstzrange(b.placed_at, b.released_at)
"""
OVERSPENT: Final = """
SELECT 'overspent', g.reference, g.granted_ms, g.reserved_ms, g.used_ms FROM allocation_grant g
WHERE g.granted_ms < g.reserved_ms + g.used_ms
   OR g.used_ms <> (SELECT COALESCE(SUM(charged_ms), 0) FROM allocation_reservation r WHERE r.grant_id = g.id)
   OR g.reserved_ms <> (SELECT COALESCE(SUM(reserved_ms), 0) FROM allocation_reservation r
                        WHERE r.grant_id = g.id AND r.settled_at IS NULL)
"""
CHARGED_OTHERWISE: Final = """
SELECT 'charged otherwise than leased', r.attempt_id::text, r.charged_ms, l.used_ms FROM allocation_reservation r
JOIN (SELECT attempt_id, SUM(COALESCE(CEIL(EXTRACT(EPOCH FROM charged_until - charged_from) * 1000), 0)) AS used_ms
      FROM allocation_lease GROUP BY attempt_id) l ON l.attempt_id = r.attempt_id
WHERE r.settled_at IS NOT NULL AND r.charged_ms <> LEAST(l.used_ms, r.reserved_ms)
"""
LEDGER_ROWS: Final = """
SELECT 'ledger rows of an attempt', a.id::text, a.state, e.placed, e.ended FROM allocation_attempt a
JOIN LATERAL (SELECT
    (SELECT COUNT(*) FROM ledger_entry x WHERE x.act = 'job.placed' AND x.subject_id = a.job_id::text
       AND (x.facts ->> 'fencing_token')::bigint = a.fencing_token) AS placed,
    (SELECT COUNT(*) FROM ledger_entry x WHERE x.act = 'attempt.ended' AND x.subject_id = a.id::text) AS ended
) e ON true
WHERE e.placed <> 1 OR e.ended <> (CASE WHEN a.state = 'ended' THEN 1 ELSE 0 END)
"""
UNFINISHED: Final = """
SELECT 'no end state', j.reference, j.state, j.waits_because FROM allocation_job j WHERE NOT j.state = ANY(%s)
"""
_PLACES: Final = """
SELECT h.attempt_id::text, min(h.claimed_at), max(h.warranted_until), min(l.released_at), count(l.id)
FROM allocation_attempthost h LEFT JOIN allocation_lease l ON l.attempt_id = h.attempt_id
GROUP BY h.attempt_id
"""


def _places(connection: psycopg.Connection[Any]) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in connection.execute(_PLACES).fetchall()}


def _i1(connection: psycopg.Connection[Any], lives: list[Life], told: Told) -> list[str]:
    """Nothing lives before its claim, nor past its last warrant; a stopped guard cannot count, and I4 covers it."""
    places, found = _places(connection), []
    for life in lives:
        claimed_at, warranted_until = places.get(life.attempt, (None, None))[:2]
        if claimed_at is None or life.first < claimed_at:
            found.append(f"I1: {life.attempt} on {life.host} ran before any claim")
        elif life.attempt not in told.stopped_guards and (life.last - warranted_until).total_seconds() > SLACK_S:
            found.append(f"I1: {life.attempt} lived at {life.last}, its warrant ended at {warranted_until}")
    return found


def _i3(connection: psycopg.Connection[Any], lives: list[Life]) -> list[str]:
    twice = [f"I3: {life.attempt} was started {life.starts} times on {life.host}" for life in lives if life.starts != 1]
    hosts: dict[str, set[str]] = {}
    for life in lives:
        hosts.setdefault(life.attempt, set()).add(life.host)
    return twice + [f"I3: {attempt} ran on {sorted(names)}" for attempt, names in hosts.items() if len(names) > 1]


def _i4(connection: psycopg.Connection[Any], lives: list[Life]) -> list[str]:
    places = _places(connection)
    late = [life for life in lives if (places.get(life.attempt) or (None,) * 3)[2] is not None]
    return [
        f"I4: {life.attempt} lived at {life.last}, its devices were free at {places[life.attempt][2]}"
        for life in late
        if life.last > places[life.attempt][2]
    ]


_DRAINED: Final = """
SELECT i.attempt_id::text, d.cause_id::text FROM allocation_drainitem i JOIN allocation_drain d ON d.id = i.drain_id
WHERE d.cause_kind = 'licence'
"""
_RESTS: Final = """
SELECT l.attempt_id::text, l.object_id::text FROM allocation_attemptlink l WHERE l.source = 'licence'
"""


def _i5(connection: psycopg.Connection[Any], told: Told) -> list[str]:
    """A licence's drain reaches attempts that rest on it alone, and only licences that were suspended drain."""
    rests = set(map(tuple, connection.execute(_RESTS).fetchall()))
    drained = list(map(tuple, connection.execute(_DRAINED).fetchall()))
    strangers = [f"I5: {pair[0]} was drained for licence {pair[1]}, on which it does not rest" for pair in drained
                 if pair not in rests]  # fmt: skip
    return strangers + [f"I5: licence {pair[1]} drained and was never suspended" for pair in drained
                        if pair[1] not in told.suspended]  # fmt: skip
