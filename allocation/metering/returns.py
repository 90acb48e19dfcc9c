"""Usage returns: what ran under one licence in one month, from lease rows and from nothing else."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from accounts.web import cell
from allocation.clock import database_now
from allocation.metering.months import Month, month_of
from gpu_runtime.protocol.canonical import canonical_json
from ledger.canonical import instant
from procurement.licences.models import Licence

# A lease is charged in whole milliseconds, rounded up once. What falls into a month is the difference of what was
# charged up to its end and up to its beginning, so that its months add up to exactly what was charged.
_USED: Final = """
WITH charged AS (
    SELECT l.*, a.job_id, a.receipt, a.ended_at AS attempt_ended_at,
           COALESCE(l.charged_until, LEAST(now(), l.charged_from + j.time_limit_ms * interval '1 millisecond')) AS stops
    FROM allocation_lease l
    JOIN allocation_attempt a ON a.id = l.attempt_id
    JOIN allocation_job j ON j.id = a.job_id
    WHERE l.charged_from IS NOT NULL AND EXISTS (
        SELECT 1 FROM allocation_lease_line s JOIN procurement_licenceline n ON n.id = s.line_id
        WHERE s.lease_id = l.id AND n.licence_id = %(licence)s)
), used AS (
    SELECT c.*,
           GREATEST(CEIL(EXTRACT(EPOCH FROM LEAST(stops, %(ends)s) - charged_from) * 1000), 0)
         - GREATEST(CEIL(EXTRACT(EPOCH FROM LEAST(stops, %(begins)s) - charged_from) * 1000), 0) AS used_ms
    FROM charged c
    WHERE charged_from < %(ends)s AND stops > %(begins)s
)
"""
_ROWS: Final = (
    _USED
    + """
SELECT j.reference, t.name, f.reference, f.end_use, s.name, h.name, bool_or(d.backend = 'cpu-emulated'),
       COUNT(DISTINCT u.device_id), array_agg(DISTINCT d.serial ORDER BY d.serial), SUM(u.used_ms)::bigint,
       MIN(GREATEST(u.charged_from, %(begins)s)), MAX(LEAST(u.stops, %(ends)s))
FROM used u
JOIN allocation_job j ON j.id = u.job_id
JOIN accounts_team t ON t.id = j.team_id
JOIN procurement_filing f ON f.id = j.filing_id
JOIN allocation_device d ON d.id = u.device_id
JOIN procurement_site s ON s.id = d.site_id
JOIN procurement_chipmodel h ON h.id = d.chip_id
GROUP BY j.reference, t.name, f.reference, f.end_use, s.name, h.name ORDER BY j.reference, s.name, h.name
"""
)
_MONTHS: Final = """
SELECT MIN(l.charged_from), MAX(COALESCE(l.charged_until, now()))
FROM allocation_lease l
WHERE l.charged_from IS NOT NULL AND EXISTS (
    SELECT 1 FROM allocation_lease_line s JOIN procurement_licenceline n ON n.id = s.line_id
    WHERE s.lease_id = l.id AND n.licence_id = %s)
"""


@dataclass(frozen=True)
class ReturnRow:
    """What one job used under the licence in the month, at one site on one chip."""

    job: str
    team: str
    filing: str
    end_use: str
    site: str
    chip: str
    is_emulated: bool
    devices: int
    serials: list[str]
    gpu_ms: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class UsageReturn:
    """The return of one licence for one month; ``is_closed`` once the month is over and nothing of it runs on."""

    licence: Licence
    month: Month
    made_at: datetime
    rows: tuple[ReturnRow, ...]

    @property
    def gpu_ms(self) -> int:
        """GPU-milliseconds of all rows."""
        return sum(row.gpu_ms for row in self.rows)

    @property
    def devices(self) -> int:
        """How many different devices were used."""
        return len({serial for row in self.rows for serial in row.serials})

    @property
    def is_closed(self) -> bool:
        """Whether its figures can no longer change."""
        return self.made_at >= self.month.ends

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, without the time at which it was made."""
        said = {name: value for name, value in as_json(self).items() if name not in ("made_at", "sha256")}
        return hashlib.sha256(canonical_json(said)).hexdigest()


def usage_return(licence: Licence, month: Month) -> UsageReturn:
    """Everything that ran under a licence in a month."""
    values: dict[str, Any] = {"licence": licence.pk, "begins": month.begins, "ends": month.ends}
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, values)
        rows = tuple(ReturnRow(*row) for row in cursor.fetchall())
    return UsageReturn(licence, month, database_now(), rows)


def months_of(licence: Licence) -> tuple[Month, ...]:
    """The months in which something ran under a licence, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, [licence.pk])
        first, last = cursor.fetchone()
    if first is None:
        return ()
    found, month = [], month_of(first)
    while month <= month_of(last):
        found.append(month)
        month = month.next
    return tuple(reversed(found))


COLUMNS: Final = (
    "licence", "authority", "number", "month", "job", "team", "filing", "end_use", "site", "chip", "is_emulated",
    "devices", "serials", "gpu_ms", "first_at", "last_at",
)  # fmt: skip


def as_csv(made: UsageReturn) -> str:
    """One line a row, with a header; text that a spreadsheet would take for a formula is quoted."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    head = (made.licence.reference, made.licence.authority, made.licence.number, str(made.month))
    for row in made.rows:
        told = {**asdict(row), "serials": " ".join(row.serials)}
        told |= {"first_at": instant(row.first_at), "last_at": instant(row.last_at)}
        writer.writerow([cell(value) for value in (*head, *(told[name] for name in COLUMNS[4:]))])
    return file.getvalue()


def as_json(made: UsageReturn) -> dict[str, Any]:
    """The return in plain values; times in UTC, GPU time in milliseconds."""
    rows = [
        {**asdict(row), "first_at": instant(row.first_at), "last_at": instant(row.last_at)}
        for row in made.rows
    ]
    return {
        "licence": made.licence.reference,
        "side": made.licence.side,
        "authority": made.licence.authority,
        "number": made.licence.number,
        "month": str(made.month),
        "made_at": instant(made.made_at),
        "is_closed": made.is_closed,
        "devices": made.devices,
        "gpu_ms": made.gpu_ms,
        "rows": rows,
    }
