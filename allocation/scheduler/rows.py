"""The rows that a pass reads, one statement each: the queue, free devices, what runs, what waits for others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from allocation.dispatch import times
from allocation.scheduler.placement import FreeDevice
from allocation.scheduler.verdicts import Kind

ALL: Final = 2**31
_QUEUE: Final = """
SELECT j.id, j.reference, j.name, j.filing_id, j.grant_id, j.chip_id, f.order_id, j.device_count, j.time_limit_ms,
       j.submitted_by_id, t.organisation_id, j.team_id, m.person_id, j.submitted_at, j.is_command,
       COALESCE(p.priority, q.priority, 0),
       COALESCE((SELECT SUM(EXTRACT(EPOCH FROM a.ended_at - a.placed_at)) FROM allocation_attempt a
                 WHERE a.job_id = j.id AND a.ended_at IS NOT NULL), 0),
       EXISTS (SELECT 1 FROM allocation_checkpoint c WHERE c.job_id = j.id)
FROM (
    SELECT w.*, row_number() OVER (
        PARTITION BY w.filing_id, w.grant_id, w.submitted_by_id, w.device_count, w.time_limit_ms
        ORDER BY (SELECT u.priority FROM allocation_jobpriority u WHERE u.job_id = w.id) DESC NULLS LAST,
                 w.submitted_at, w.id) AS place
    FROM allocation_job w WHERE w.state = 'waiting' AND (w.not_before IS NULL OR w.not_before <= %s)
) j
JOIN procurement_filing f ON f.id = j.filing_id
JOIN accounts_team t ON t.id = j.team_id
JOIN accounts_membership m ON m.id = j.submitted_by_id
LEFT JOIN allocation_jobpriority p ON p.job_id = j.id
LEFT JOIN allocation_filingpriority q ON q.filing_id = j.filing_id
WHERE j.place <= %s ORDER BY COALESCE(p.priority, q.priority, 0) DESC, j.submitted_at, j.id
"""
_AFTER: Final = """
SELECT w.from_job_id, string_agg(j.reference, ', ' ORDER BY j.reference)
FROM allocation_job_after w JOIN allocation_job j ON j.id = w.to_job_id JOIN allocation_job n ON n.id = w.from_job_id
WHERE n.state = 'waiting' AND j.state <> 'succeeded' GROUP BY w.from_job_id
"""
_FREE: Final = """
SELECT d.id, d.chip_id, d.site_id, d.host_id, r.order_id, d.exporter_line_id, d.importer_line_id,
       ARRAY(SELECT w.line_id FROM procurement_draw w WHERE w.item_id = d.item_id)
FROM allocation_device d
JOIN allocation_host h ON h.id = d.host_id
LEFT JOIN procurement_receiptitem i ON i.id = d.item_id LEFT JOIN procurement_receipt r ON r.id = i.receipt_id
WHERE d.state = 'available' AND d.uuid IS NOT NULL AND h.state = 'enrolled' AND h.last_seen_at > %s
  AND NOT EXISTS (SELECT 1 FROM allocation_lease l WHERE l.device_id = d.id AND l.released_at IS NULL)
ORDER BY d.serial
"""
_RUNNING: Final = """
SELECT a.id, j.id, j.reference, j.name, a.state, a.placed_at, COALESCE(a.started_at, a.claimed_at), j.time_limit_ms,
       a.drain_deadline_at, t.organisation_id, j.team_id, m.person_id, j.filing_id, j.is_command, j.submitted_at,
       COALESCE(p.priority, q.priority, 0),
       (SELECT count(*) FROM allocation_preemption s JOIN allocation_attempt b ON b.id = s.attempt_id
        WHERE b.job_id = j.id),
       (SELECT max(c.committed_at) FROM allocation_checkpoint c WHERE c.attempt_id = a.id),
       EXISTS (SELECT 1 FROM allocation_checkpoint c WHERE c.job_id = j.id),
       COALESCE((SELECT SUM(EXTRACT(EPOCH FROM b.ended_at - b.placed_at)) FROM allocation_attempt b
                 WHERE b.job_id = j.id AND b.ended_at IS NOT NULL), 0),
       d.id, d.chip_id, d.site_id, d.host_id, r.order_id, d.exporter_line_id, d.importer_line_id,
       ARRAY(SELECT w.line_id FROM procurement_draw w WHERE w.item_id = d.item_id)
FROM allocation_attempt a
JOIN allocation_job j ON j.id = a.job_id
JOIN accounts_team t ON t.id = j.team_id
JOIN accounts_membership m ON m.id = j.submitted_by_id
LEFT JOIN allocation_jobpriority p ON p.job_id = j.id
LEFT JOIN allocation_filingpriority q ON q.filing_id = j.filing_id
JOIN allocation_lease l ON l.attempt_id = a.id AND l.released_at IS NULL
JOIN allocation_device d ON d.id = l.device_id
LEFT JOIN procurement_receiptitem i ON i.id = d.item_id LEFT JOIN procurement_receipt r ON r.id = i.receipt_id
WHERE a.state <> 'ended' ORDER BY a.id, d.serial
"""


@dataclass(frozen=True, slots=True)
class Queued:
    """One waiting job as read."""

    id: UUID
    reference: str
    name: str
    filing: UUID
    grant: UUID
    chip: UUID
    order: UUID
    devices: int
    limit_ms: int
    submitter: UUID
    organisation: UUID
    team: UUID
    person: UUID
    submitted_at: datetime
    is_command: bool
    priority: int
    held_s: float
    has_checkpoint: bool

    @property
    def kind(self) -> Kind:
        """What its chain is judged on."""
        return Kind(self.filing, self.grant, self.submitter, self.chip, self.devices, self.limit_ms)

    @property
    def limit_s(self) -> float:
        """Its time limit."""
        return self.limit_ms / 1000

    @property
    def path(self) -> tuple[str, str, str]:
        """Organisation, team, person."""
        return str(self.organisation), str(self.team), str(self.person)

    @property
    def saves(self) -> bool:
        """Whether it writes checkpoints: the built-in trainer does, a team's own program where it has done so."""
        return self.has_checkpoint or not self.is_command


def read_queue(now: datetime, most: int = ALL) -> list[Queued]:
    """The waiting jobs that do not back off, the most urgent, then the oldest first; of like jobs at most ``most``."""
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, [now, most])
        return [Queued(*row) for row in cursor.fetchall()]


def read_free(now: datetime) -> tuple[FreeDevice, ...]:
    """Devices in order and unleased, whose host was heard of within the ttl."""
    with connection.cursor() as cursor:
        cursor.execute(_FREE, [now - times.ttl()])
        return tuple(device_of(row) for row in cursor.fetchall())


def device_of(row: tuple[Any, ...]) -> FreeDevice:
    """A device as placement sees it, from its columns."""
    pk, chip, site, host, order, exporter, importer, drawn = row
    pair = tuple(sorted({str(line) for line in (exporter, importer, *drawn) if line is not None}))
    return FreeDevice(str(pk), str(chip), str(site), str(host), str(order or ""), pair)


def read_running() -> list[tuple[Any, ...]]:
    """One row for each device of each live attempt."""
    with connection.cursor() as cursor:
        cursor.execute(_RUNNING)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def read_forerunners() -> dict[UUID, str]:
    """References of the jobs that have yet to succeed before a waiting one may start."""
    with connection.cursor() as cursor:
        cursor.execute(_AFTER)
        return dict(cursor.fetchall())
