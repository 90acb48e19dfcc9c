"""The one pass that applies placement: it looks, plans, gives out devices, stops for others, and says why all wait."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from allocation.clock import database_now, wake
from allocation.scheduler.look import Look, Looker
from allocation.scheduler.placement import Placed, Plan, Waits, plan
from allocation.scheduler.placing import Judged, is_mine, place_all
from allocation.scheduler.rows import ALL
from allocation.scheduler.stopping import stop_for
from allocation.scheduler.telling import Told

LOOK_AGAIN_S: Final = 5.0
LIKE_JOBS: Final = 40
TELL_SHARE: Final = 10


@dataclass
class Scheduler:
    """What one process keeps between passes; a pass without it comes to the same, only later.

    Of jobs alike in all that their chain is judged on, a pass looks at the first few: no more could start. So that
    everybody is told why they wait, it looks at all of them as often as that takes a tenth of the time.
    """

    looker: Looker = field(default_factory=Looker)
    told: Told = field(default_factory=Told)
    _seen: tuple[Any, ...] = ()
    _waits: tuple[Waits, ...] = ()
    _planned_at: float = 0.0
    _tell_at: float = 0.0

    def run(self) -> int:
        """Place what can be placed now; stop whom that takes; write down why everybody else waits.

        Only one pass runs at a time; a second one returns at once. Correctness rests on row locks and the one
        live lease per device, not on that.

        Returns:
            How many jobs were placed.
        """
        began = time.monotonic()
        with transaction.atomic():
            if not is_mine():
                return 0
            look = self.looker.look(database_now(), LIKE_JOBS if time.monotonic() < self._tell_at else ALL)
        placed = 0 if self._is_known(look) else self._apply(look, plan(look.snapshot))
        if look.is_whole:
            self.told.tell((*look.waits, *self._waits))
            self._tell_at = time.monotonic() + TELL_SHARE * (time.monotonic() - began)
        return placed

    def _is_known(self, look: Look) -> bool:
        """Whether nothing has changed since a plan that gave nothing out: another would come to the same."""
        sight = look.snapshot
        held = tuple((job.job, job.leaves, job.may_be_stopped) for job in sight.running)
        seen = (sight.queue, sight.free, sight.caps, sight.lines, sight.quotas, held)
        is_known = seen == self._seen and time.monotonic() - self._planned_at < LOOK_AGAIN_S
        if not is_known:
            self._seen, self._planned_at = seen, time.monotonic()
        return is_known

    def _apply(self, look: Look, found: Plan) -> int:
        self._waits = found.waits
        if found.placed:
            self._seen = ()
        placed = self._place(look, found.placed)
        running = {job.job: job for job in look.snapshot.running}
        stopped = [stop_for(stop, look.attempts[stop.job], running[stop.job]) for stop in found.stops]
        if any(stopped):
            wake()
        return placed

    def _place(self, look: Look, placed: tuple[Placed, ...]) -> int:
        judged = [Judged(each, look.verdicts[look.kinds[each.job]]) for each in placed]
        return place_all(judged, self.looker.verdicts.stamp)


_SCHEDULER: Final = Scheduler()


def run_pass() -> int:
    """One pass of this process's scheduler; see ``Scheduler.run``."""
    return _SCHEDULER.run()
