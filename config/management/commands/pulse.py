"""The control plane's heartbeat: places jobs, rings hosts, ends what time has ended, seals the ledger."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import structlog
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, connection
from psycopg import Error as DriverError

from allocation.clock import WAKE_CHANNEL
from allocation.dispatch.housekeeping import keep_house
from allocation.dispatch.relay import relay_rings
from allocation.scheduler.passes import run_pass
from config import celery
from ledger.sealing import Sealer
from procurement.screening.chores import ring_if_due

log = structlog.get_logger(__name__)
LONGEST_SLEEP_S: Final = 1.0
AFTER_FAULT_S: Final = 1.0


class Command(BaseCommand):
    """Beats at least once a second, and at once when the database says that something has changed.

    One is enough; several do no harm: placement takes a lock, rings are taken row by row, and sealing has one sealer.
    """

    help = "Run the scheduler, the relay, housekeeping and the sealer until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--once` beats a single time and returns."""
        parser.add_argument("--once", action="store_true", help="beat once and return")

    def handle(self, *args: Any, **options: Any) -> None:
        """Beats until SIGTERM or SIGINT."""
        celery.app.set_current()
        self.sealer, self.is_stopping = Sealer(), False
        if options["once"]:
            beat(self.sealer)
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self.is_stopping:
            self._beat_and_wait()
        connection.close()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True

    def _beat_and_wait(self) -> None:
        """A database that is away is waited for; nothing is lost, since the database is the queue."""
        try:
            listen()
            beat(self.sealer)
            wait_for_news(LONGEST_SLEEP_S)
        except (DatabaseError, InterfaceError, DriverError) as error:
            log.warning("the pulse skips a beat", error=str(error)[:300])
            connection.close()
            time.sleep(AFTER_FAULT_S)


def beat(sealer: Sealer) -> None:
    """One round. Bells go first: a drain that was asked for waits for no placement."""
    steps: tuple[Callable[[], object], ...] = (
        relay_rings, keep_house, run_pass, relay_rings, ring_if_due, sealer.seal_pending,
    )  # fmt: skip
    for step in steps:
        step()


def listen() -> None:
    """Hear of news from now on; asking twice changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {WAKE_CHANNEL}")


def wait_for_news(timeout_s: float) -> None:
    """Return at the first notification, or after ``timeout_s``; what came with it is heard as one.

    One after the other: a listening generator holds the connection's lock until it has ended.
    """
    driver = connection.connection
    if list(driver.notifies(timeout=timeout_s, stop_after=1)):
        list(driver.notifies(timeout=0))
