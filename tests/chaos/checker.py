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

# A third of the margin that a host has beyond its warrant in these trials: a kill takes its time on a busy machine.
SLACK_S: Final = 1.0
FINAL: Final = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Life:
    """When a process of one attempt surely lived on one host. A child is one that left its parent and its session."""

    attempt: str
    host: str
    starts: int
    first: datetime
    last: datetime
    is_child: bool = False
    told: datetime | None = None
    resumed_from: int = 0


def read_records(folders: Iterable[Path]) -> list[Life]:
    """The lives that the hosts' runners wrote down; a folder is named after its host, or lies in one that is."""
    return [life for folder in folders for path in sorted(folder.iterdir()) if (life := _life(path, _host(folder)))]


def _host(folder: Path) -> str:
    return folder.parent.name if folder.name == "records" else folder.name


def _life(path: Path, host: str) -> Life | None:
    lines = [line.split() for line in path.read_text().splitlines() if len(line.split()) == 2]
    said = [(what, datetime.fromtimestamp(float(at), UTC)) for what, at in lines]
    if not said:
        return None
    moments = [at for _, at in said]
    attempt, _, child = path.name.partition(".")
    return Life(
        attempt=attempt,
        host=host,
        starts=sum(what == "start" for what, _ in said),
        first=min(moments),
        last=max(moments),
        is_child=bool(child),
        told=next((at for what, at in said if what == "term"), None),
        resumed_from=max((int(what[5:]) for what, _ in said if what.startswith("from-")), default=0),
    )


@dataclass(frozen=True)
class Told:
    """What the schedule did that the checker has to know.

    ``uncounted`` are attempts of which it stopped both the guard and the process that counts in the guard's place;
    ``suspended`` are licences.
    """

    uncounted: frozenset[str]
    suspended: frozenset[str]


def violations(connection: psycopg.Connection[Any], lives: list[Life], told: Told) -> list[str]:
    """Every broken invariant, by its number."""
    return [
        *_i1(connection, lives, told),
        *_rows(connection, "I2", TWO_LEASES),
        *_i3(connection, lives),
        *_i4(connection, lives),
        *_double_live(connection, lives),
        *_i5(connection, told),
        *_rows(connection, "I6", OVERSPENT),
        *_rows(connection, "I6", CHARGED_OTHERWISE),
        *_rows(connection, "I7", LEDGER_ROWS),
        *_rows(connection, "I8", UNFINISHED, FINAL),
        *_rows(connection, "stale", WRITTEN_LATE),
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
# What an attempt wrote, or was given, long after its end: a write takes its time from its transaction's first moment.
WRITTEN_LATE: Final = """
SELECT 'written after its end', a.id::text, a.ended_at, w.what, w.at FROM allocation_attempt a JOIN LATERAL (
    SELECT 'checkpoint' AS what, max(committed_at) AS at FROM allocation_checkpoint WHERE attempt_id = a.id
    UNION ALL SELECT 'metric', max(reported_at) FROM allocation_metric WHERE attempt_id = a.id
    UNION ALL SELECT 'log', max(reported_at) FROM allocation_logchunk WHERE attempt_id = a.id
    UNION ALL SELECT 'renewal', max(last_renewed_at) FROM allocation_attempthost WHERE attempt_id = a.id
) w ON w.at > a.ended_at + interval '1 second'
"""
_JOBS: Final = """
SELECT a.id::text, a.job_id::text, a.number FROM allocation_attempt a
"""
_RANKS: Final = """
SELECT h.attempt_id::text, array_agg(x.name) FROM allocation_attempthost h JOIN allocation_host x ON x.id = h.host_id
GROUP BY h.attempt_id
"""
_PLACES: Final = """
SELECT h.attempt_id::text, x.name, min(h.claimed_at), max(h.warranted_until), min(l.released_at), count(l.id)
FROM allocation_attempthost h JOIN allocation_host x ON x.id = h.host_id
LEFT JOIN (allocation_lease l JOIN allocation_device d ON d.id = l.device_id)
       ON l.attempt_id = h.attempt_id AND d.host_id = h.host_id
GROUP BY h.attempt_id, x.name
"""


@dataclass(frozen=True)
class Place:
    """What the record says of one attempt on one host: a gang's hosts are freed one by one."""

    claimed_at: datetime | None = None
    warranted_until: datetime | None = None
    released_at: datetime | None = None


def _places(connection: psycopg.Connection[Any]) -> dict[tuple[str, str], Place]:
    return {(row[0], row[1]): Place(*row[2:5]) for row in connection.execute(_PLACES).fetchall()}


def _i1(connection: psycopg.Connection[Any], lives: list[Life], told: Told) -> list[str]:
    """Nothing lives before its claim, nor past its last warrant; where nobody could count, I4 covers it."""
    places, found = _places(connection), []
    for life in lives:
        place = places.get((life.attempt, life.host), Place())
        if place.claimed_at is None or place.warranted_until is None or life.first < place.claimed_at:
            found.append(f"I1: {life.attempt} on {life.host} ran before any claim")
        elif life.attempt not in told.uncounted and (life.last - place.warranted_until).total_seconds() > SLACK_S:
            found.append(f"I1: {life.attempt} lived at {life.last}, its warrant ended at {place.warranted_until}")
    return found


def _i3(connection: psycopg.Connection[Any], lives: list[Life]) -> list[str]:
    """An attempt starts at most once on a host, and on no host but those of its gang."""
    placed = {row[0]: set(row[1]) for row in connection.execute(_RANKS).fetchall()}
    mothers = [life for life in lives if not life.is_child]
    twice = [f"I3: {life.attempt} was started {life.starts} times on {life.host}" for life in mothers
             if life.starts > 1]  # fmt: skip
    hosts: dict[str, set[str]] = {}
    for life in mothers:
        hosts.setdefault(life.attempt, set()).add(life.host)
    return twice + [
        f"I3: {attempt} ran on {sorted(names)}, and was placed on {sorted(placed.get(attempt, ()))}"
        for attempt, names in hosts.items()
        if len(names) > len(placed.get(attempt, ()))
    ]


def _double_live(connection: psycopg.Connection[Any], lives: list[Life]) -> list[str]:
    """No two attempts of one job live at the same moment."""
    jobs = {row[0]: (row[1], row[2]) for row in connection.execute(_JOBS).fetchall()}
    by_job: dict[str, list[Life]] = {}
    for life in lives:
        by_job.setdefault(jobs.get(life.attempt, (life.attempt, 0))[0], []).append(life)
    return [
        f"double: {one.attempt} on {one.host} until {one.last}, {other.attempt} on {other.host} since {other.first}"
        for same in by_job.values()
        for one in same
        for other in same
        if jobs.get(one.attempt, ("", 0))[1] < jobs.get(other.attempt, ("", 0))[1] and one.last > other.first
    ]


def _i4(connection: psycopg.Connection[Any], lives: list[Life]) -> list[str]:
    places = _places(connection)
    freed = [(life, places.get((life.attempt, life.host), Place()).released_at) for life in lives]
    return [
        f"I4: {life.attempt} on {life.host} lived at {life.last}, its devices there were free at {released_at}"
        for life, released_at in freed
        if released_at is not None and life.last > released_at
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
