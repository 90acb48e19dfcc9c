"""The relay: rings hosts over Celery for outbox rows, and again until the state has moved. No ring matters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import structlog
from celery import current_app
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from allocation.dispatch.bells import BELL_TASK, RING, queue_of
from allocation.dispatch.doorkeeper import DOORKEEPER
from ledger.models import OutboxMessage

log = structlog.get_logger(__name__)
BATCH: Final = 100
LONGEST_WAIT_S: Final = 30

# A bell has done its work once the claim has come, or the drain was told, or the attempt is over.
DONE: Final = """
UPDATE ledger_outboxmessage o SET done_at = now()
WHERE o.kind = %s AND o.done_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM allocation_attempt a
    JOIN allocation_attempthost h ON h.attempt_id = a.id
    WHERE a.id = (o.payload ->> 'attempt_id')::uuid AND h.host_id = (o.payload ->> 'host_id')::uuid
      AND ((o.payload ->> 'why' = 'claim' AND a.state IN ('placed', 'claimed') AND h.claim_nonce = '')
        OR (o.payload ->> 'why' = 'drain' AND a.state = 'draining' AND h.clear_at IS NULL AND EXISTS (
            SELECT 1 FROM allocation_drainitem i WHERE i.attempt_id = a.id AND i.told_at IS NULL)))
)
"""


def relay_rings() -> int:
    """Ring what is due. A queue that cannot be reached is tried again later; hosts poll in the meantime.

    Returns:
        How many bells were rung.
    """
    DOORKEEPER.admit_hosts()
    with connection.cursor() as cursor:
        cursor.execute(DONE, [RING])
    return sum(_ring(message) for message in _due())


def _due() -> list[OutboxMessage]:
    """Takes what is due and puts it off before anything is sent, so that a crash repeats a ring, never loses it."""
    with transaction.atomic():
        due = OutboxMessage.objects.select_for_update(skip_locked=True).filter(
            kind=RING, done_at=None, due_at__lte=Now()
        )
        found = list(due.order_by("due_at")[:BATCH])
        for message in found:
            wait = timedelta(seconds=min(2**message.attempts, LONGEST_WAIT_S))
            OutboxMessage.objects.filter(pk=message.pk).update(attempts=F("attempts") + 1, due_at=Now() + wait)
    return found


def _ring(message: OutboxMessage) -> bool:
    payload: dict[str, Any] = message.payload
    try:
        current_app.send_task(
            BELL_TASK,
            args=[payload["attempt_id"]],
            queue=queue_of(payload["host_id"]),
            retry=False,
            ignore_result=True,
            expires=60,
        )
    except (OperationalError, OSError) as error:
        log.warning("bell not rung", host=payload["host_id"], error=str(error)[:200])
        OutboxMessage.objects.filter(pk=message.pk).update(last_error=str(error)[:500])
        return False
    return True
