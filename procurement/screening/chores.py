"""What screening has to do by itself: fetch lists that are due, and go on with what was asked for and is not done.

The pulse asks whether there is something, and rings the worker; a lost ring is rung again, since the database says what
is to be done. One process works at a time: whoever holds the lock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from celery import current_app
from django.conf import settings
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from procurement.screening import batch_services, rescreening
from procurement.screening.fetching import fetch_lists, official_addresses
from procurement.screening.health import GOOD
from procurement.screening.models import ListDelivery

TASK = "screening.work"
LOOK_EVERY_S = 2.0
RING_AGAIN_S = 30.0
RETRY_AFTER = timedelta(hours=1)
LOCK = 0x57524954_5343
_log = structlog.get_logger(__name__)
_last = {"look": 0.0, "ring": 0.0}


def due_sources(now: datetime | None = None) -> list[str]:
    """Sources whose list is to be fetched: the last time is as long ago as the setting says, or failed an hour ago."""
    hours: int = getattr(settings, "WRIT_LISTS_FETCH_EVERY_H", 0)
    if not hours:
        return []
    moment = now or timezone.now()
    return [code for code in official_addresses() if _is_due(code, moment, timedelta(hours=hours))]


def _is_due(code: str, now: datetime, every: timedelta) -> bool:
    last = ListDelivery.objects.filter(source_code=code, is_fetched=True).order_by("-came_at", "-id").first()
    if last is None:
        return True
    return now - last.came_at >= (every if last.outcome in GOOD else RETRY_AFTER)


def has_work() -> bool:
    """Whether something waits that nobody works on."""
    return bool(due_sources()) or rescreening.is_waiting() or batch_services.is_waiting()


def ring_if_due() -> bool:
    """Ask the worker to do what waits; looks every two seconds at most. Returns whether it was rung."""
    now = time.monotonic()
    if now - _last["look"] < LOOK_EVERY_S:
        return False
    _last["look"] = now
    if now - _last["ring"] < RING_AGAIN_S and not batch_services.is_new():
        return False
    if not has_work():
        return False
    _last["ring"] = now
    try:
        current_app.send_task(TASK, queue=settings.CELERY_TASK_DEFAULT_QUEUE)
    except OperationalError as fault:
        _log.warning("screening.not_rung", error=str(fault)[:200])
        return False
    return True


def work() -> int:
    """Do everything that waits; returns how many pieces were done, 0 where another process is at it."""
    with _alone() as is_mine:
        if not is_mine:
            return 0
        done = sum(bool(fetch_lists(actor=None, only=code)) for code in due_sources())
        return done + bool(rescreening.resume()) + batch_services.run_all()


@contextmanager
def _alone() -> Iterator[bool]:
    """Hold the lock for this connection, if nobody else has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
