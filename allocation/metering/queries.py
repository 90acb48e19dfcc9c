"""GPU time, derived from lease rows and from nothing else. All figures are GPU-milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from procurement.licences.models import Licence

# A lease that still runs counts up to now, but never past the time limit it was reserved for.
_LEASES: Final = """
WITH charged AS (
    SELECT l.*, a.job_id, j.grant_id, j.team_id,
           CEIL(EXTRACT(EPOCH FROM COALESCE(
               l.charged_until, LEAST(now(), l.charged_from + j.time_limit_ms * interval '1 millisecond')
           ) - l.charged_from) * 1000)::bigint AS used_ms
    FROM allocation_lease l
    JOIN allocation_attempt a ON a.id = l.attempt_id
    JOIN allocation_job j ON j.id = a.job_id
    WHERE l.charged_from IS NOT NULL
)
"""
_SUM: Final = "SELECT COALESCE(SUM(used_ms), 0)::bigint FROM charged WHERE "


def _total(condition: str, value: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LEASES + _SUM + condition, {"id": value})
        found: int = cursor.fetchone()[0]
    return found


def gpu_ms_of_attempt(attempt_id: UUID) -> int:
    """What an attempt has used."""
    return _total("attempt_id = %(id)s", attempt_id)


def gpu_ms_of_job(job_id: UUID) -> int:
    """What all attempts of a job have used."""
    return _total("job_id = %(id)s", job_id)


def gpu_ms_of_grant(grant_id: UUID) -> int:
    """What all jobs under a grant have used."""
    return _total("grant_id = %(id)s", grant_id)


def gpu_ms_of_line(line_id: UUID) -> int:
    """What ran on devices bound to a licence line, of whichever authority."""
    return _total(
        "EXISTS (SELECT 1 FROM allocation_lease_line s WHERE s.lease_id = charged.id AND s.line_id = %(id)s)", line_id
    )


@dataclass(frozen=True)
class UsageRow:
    """What one job used under a licence, on how many devices."""

    job: str
    team: str
    filing: str
    devices: int
    gpu_ms: int


_USAGE: Final = """
SELECT j.reference, t.name, f.reference, COUNT(DISTINCT c.device_id), SUM(c.used_ms)::bigint
FROM charged c
JOIN allocation_job j ON j.id = c.job_id
JOIN accounts_team t ON t.id = j.team_id
JOIN procurement_filing f ON f.id = j.filing_id
WHERE EXISTS (SELECT 1 FROM allocation_lease_line s JOIN procurement_licenceline n ON n.id = s.line_id
              WHERE s.lease_id = c.id AND n.licence_id = %(id)s)
GROUP BY j.reference, t.name, f.reference ORDER BY j.reference
"""


def usage_of_licence(licence: Licence) -> tuple[UsageRow, ...]:
    """Each job that ran under a licence, with its GPU-milliseconds."""
    return tuple(UsageRow(*row) for row in _rows(_LEASES + _USAGE, licence.pk))


def _rows(query: str, value: UUID) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"id": value})
        return list(cursor.fetchall())
