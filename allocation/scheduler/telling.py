"""Telling each waiting job why it waits, where it stands and when it may start; written where that has changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection

from allocation.scheduler.placement import Waits

_WHY: Final = """
UPDATE allocation_job j SET waits_because = w.reason
FROM unnest(%s::uuid[], %s::text[]) AS w(id, reason)
WHERE j.id = w.id AND j.state = 'waiting' AND j.waits_because <> w.reason
"""
_OUTLOOK: Final = """
INSERT INTO allocation_joboutlook (job_id, position, early_at, likely_at, late_at, seen_at)
SELECT w.id, w.position, w.early, w.likely, w.late, now()
FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
     AS w(id, position, early, likely, late)
JOIN allocation_job j ON j.id = w.id AND j.state = 'waiting'
ON CONFLICT (job_id) DO UPDATE SET position = excluded.position, early_at = excluded.early_at,
    likely_at = excluded.likely_at, late_at = excluded.late_at, seen_at = excluded.seen_at
WHERE (allocation_joboutlook.position, allocation_joboutlook.early_at, allocation_joboutlook.likely_at,
       allocation_joboutlook.late_at)
      IS DISTINCT FROM (excluded.position, excluded.early_at, excluded.likely_at, excluded.late_at)
"""


Moments = tuple[datetime, datetime, datetime]
Said = tuple[str, int, Moments | None]


class Told:
    """What was last written, so that only news is written."""

    def __init__(self) -> None:
        self._last: dict[str, Said] = {}

    def tell(self, waits: Iterable[Waits]) -> None:
        """Write down why each job waits and its outlook, where that is news."""
        now = {each.job: (each.reason[:500], each.position, _times(each)) for each in waits}
        news = {job: said for job, said in now.items() if self._last.get(job) != said}
        self._last = now
        if news:
            write(news)


def write(news: dict[str, Said]) -> None:
    """Two statements, however many jobs."""
    ids = list(news)
    moments = [said[2] or (None, None, None) for said in news.values()]
    with connection.cursor() as cursor:
        cursor.execute(_WHY, [ids, [said[0] for said in news.values()]])
        columns = [[each[number] for each in moments] for number in range(3)]
        cursor.execute(_OUTLOOK, [ids, [said[1] for said in news.values()], *columns])


def _times(waits: Waits) -> Moments | None:
    if waits.start_s is None:
        return None
    early, likely, late = (to_minute(moment) for moment in waits.start_s)
    return early, likely, late


def to_minute(moment_s: float) -> datetime:
    """A moment rounded up to the minute: more would promise what nobody knows, and would change at every pass."""
    exact = datetime.fromtimestamp(min(moment_s, _LAST_S), tz=UTC)
    return exact.replace(second=0, microsecond=0) + timedelta(minutes=1 if exact.second or exact.microsecond else 0)


_LAST_S: Final = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
