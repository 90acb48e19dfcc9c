"""Database time: the only clock that the control plane goes by."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db import connection


def database_now() -> datetime:
    """``now()`` of PostgreSQL: the start of the running transaction, else of this statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        found: datetime = cursor.fetchone()[0]
    return found


def end_of(day: date) -> datetime:
    """The first moment after ``day`` (UTC): a date in a licence or approval includes its last day."""
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC)


def wake() -> None:
    """Tell the pulse that there may be something to place, ring or end; it hears of it after commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [WAKE_CHANNEL])


WAKE_CHANNEL = "writ_wake"
