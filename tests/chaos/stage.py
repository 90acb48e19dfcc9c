"""Two worlds in one database, their jobs, and what the schedule does to them by Writ's own services."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from celery import current_app
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django.test import Client
from kombu.exceptions import OperationalError

from allocation.dispatch.bells import BELL_TASK, queue_of
from allocation.inventory.enrolment import create_enrolment_code
from allocation.inventory.models import Device, Host
from allocation.jobs.models import Attempt, Job
from allocation.jobs.services import submit_job
from config import celery
from config.embedded.services import ensure
from ledger.errors import DomainError
from procurement.filings.models import Filing
from procurement.licences import acts as licences
from procurement.licences.models import Licence
from procurement.licences.queries import open_act
from procurement.licences.states import LicenceAction, LicenceState
from tests.chaos import checker, figures
from tests.chaos.faults import Acts, Faults
from tests.chaos.meddler import Meddler
from tests.chaos.plant import ROOT, Plant
from tests.chaos.stale import StaleWrites
from tests.integration.allocation.worlds import World, make_world

GANG_EVERY: Final = 6
GANG_DEVICES: Final = 6


@dataclass(frozen=True)
class Trial:
    """A seed, how many jobs are on their way at any time, and a dump to load in place of the migrations."""

    seed: int
    jobs: int
    schema: Path | None = None
    devices: tuple[int, int] = (8, 4)


class Stage:
    """A context: everything is there inside, nothing is left after."""

    def __init__(self, plant: Plant, trial: Trial) -> None:
        self.plant, self.folder, self.trial = plant, plant.folder, trial
        self.suspended: set[str] = set()
        self.meddler = Meddler(trial.seed)
        self.stale = StaleWrites(plant)
        self.submitted = 0

    def __enter__(self) -> Stage:
        ensure()
        celery.app.set_current()
        if self.trial.schema is None:
            _migrate(self.folder / "migrate.log")
        else:
            self.plant.postgres.load(self.trial.schema)
        self.worlds = [make_world(Client(), devices=count) for count in self.trial.devices]
        Filing.objects.update(max_devices=8)
        self.plant.add_control_plane({**os.environ, "PYTHONPATH": str(ROOT)})
        self._enrol()
        self.meddler.serve()
        for name in self.plant.commands:
            self.plant.start(name)
        self.supply(self.trial.jobs)
        return self

    def __exit__(self, *_: object) -> None:
        self.plant.stop()
        connection.close()
        self.plant.postgres.end()
        self.plant.redis.end()

    def _enrol(self) -> None:
        first, second = self.worlds
        parts = ((first, first.serials[:4], "one"), (first, first.serials[4:], "one"), (second, second.serials, "two"))
        for number, (world, serials, store) in enumerate(parts):
            code = create_enrolment_code(actor=world.operator, site=world.site)
            self.plant.add_host(f"host-{number}", serials, code, store)

    def supply(self, wanted: int) -> None:
        """Submit jobs until so many are on their way; every sixth is a gang over both hosts of its world."""
        while Job.objects.filter(state__in=["waiting", "running"]).count() < wanted:
            world = self.worlds[self.submitted % 3 == 2]
            is_gang = self.submitted % GANG_EVERY == 0
            source = world.source(devices=GANG_DEVICES if is_gang else 1, limit="10m")
            submit_job(actor=world.team, source=source + "  steps: 40\nretries: 10\nback_off: 1s\n")
            self.submitted += 1

    def is_ready(self) -> bool:
        """Every device is reported, and something runs."""
        self.plant.keep_up()
        are_all_there = Device.objects.filter(state="available").count() == sum(self.trial.devices)
        return are_all_there and Attempt.objects.filter(state="running").exists()

    def keep_going(self) -> None:
        """Keep processes up, and jobs coming; a database that is away is left alone."""
        self.plant.keep_up()
        self._tried(lambda: self.supply(self.trial.jobs) or True)

    def is_settled(self) -> bool:
        """Every job has reached an end."""
        return self._tried(lambda: not Job.objects.filter(state__in=["waiting", "running"]).exists())

    def faults(self, seed: int) -> Faults:
        """What the seed may bring about."""
        acts = Acts(
            suspend=lambda: self._tried(self._suspend),
            restore=lambda: self._tried(self._restore),
            cut_database=lambda: self._tried(_cut_database),
            forge_bells=lambda choose: int(self._tried(lambda: _forge_bells(choose))),
            write_stale=lambda choose: int(self._tried(lambda: self.stale.write(choose))),
        )
        return Faults(self.plant, acts, random.Random(seed))  # noqa: S311 - a schedule, no secret

    def _tried(self, act: Callable[[], Any]) -> Any:
        """The act's answer; False where a server it needs is away just now, or another act came first."""
        try:
            return act()
        except (DatabaseError, InterfaceError, psycopg.Error, OperationalError, OSError, DomainError):
            connection.close()
            return False
        finally:
            close_old_connections()

    def _suspend(self) -> bool:
        licence = Licence.objects.get(pk=self.worlds[0].exporter.pk)
        if licence.state != LicenceState.ACTIVE:
            return False
        self.suspended.add(str(licence.pk))
        licences.suspend_licence(actor=self.worlds[0].officer, licence=licence, reason="The authority's letter.")
        return True

    def _restore(self) -> bool:
        world: World = self.worlds[0]
        licence = Licence.objects.get(pk=world.exporter.pk)
        if licence.state != LicenceState.SUSPENDED:
            return False
        proposal = licences.Proposal(action=LicenceAction.REINSTATE, reason="The authority's second letter.")
        act = open_act(licence) or licences.propose_licence_act(actor=world.officer, licence=licence, proposal=proposal)
        licences.countersign_licence_act(actor=world.second, act=act)
        return True

    def restore_for_good(self) -> bool:
        """Whether the licence is in force again, so that every job can end."""
        self._tried(self._restore)
        return bool(self._tried(lambda: Licence.objects.filter(pk=self.worlds[0].exporter.pk, state="active").exists()))

    def report(self, faults: Faults) -> dict[str, Any]:
        """What came of the jobs, the figures, and what the independent checker finds."""
        lives = checker.read_records([self.folder / "records" / name for name in self.plant.hosts])
        told = checker.Told(frozenset(faults.stopped_guards & faults.stopped_cradles), frozenset(self.suspended))
        with psycopg.connect(self.plant.postgres.url, autocommit=True) as reading:
            found = checker.violations(reading, lives, told)
            measured = figures.of_run(reading, lives)
        for what, count in {**self.meddler.taken, **self.stale.taken}.items():
            found += [f"taken {count} times: a message {what}"] * bool(count)
        if not lives:
            found.insert(0, "No process wrote a record: nothing was checked.")
        return {**_counts(), **measured, "stale writes accepted": sum(self.stale.taken.values()), "violations": found}

    def last_words(self) -> str:
        """The ends of the logs."""
        logs = [*self.folder.glob("*.log"), *self.folder.glob("hosts/*/agent.log")]
        return "\n".join(f"{path.name}: {path.read_text(errors='replace')[-1500:]}" for path in sorted(logs))


def _migrate(log: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    log.write_text(done.stdout + done.stderr)
    if done.returncode:
        raise SystemExit(f"The database could not be migrated:\n{done.stderr[-3000:]}")


def _cut_database() -> bool:
    """End every session of the serving role but the one that asks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
            " AND pid <> pg_backend_pid()"
        )
    return True


def _forge_bells(choose: random.Random) -> bool:
    """Rings for attempts of others and of none, doubled, and something that is no message at all."""
    hosts = list(Host.objects.values_list("pk", flat=True))
    attempts = [str(pk) for pk in Attempt.objects.order_by("-placed_at").values_list("pk", flat=True)[:20]]
    queue = queue_of(choose.choice(hosts))
    for words in ([choose.choice(attempts)] * 2, ["../../etc/passwd"], [{"run": "this"}], []):
        current_app.send_task(BELL_TASK, args=words, queue=queue, retry=False, ignore_result=True)
    with current_app.connection_for_write() as line:
        line.default_channel.client.lpush(queue, "no message at all")
    return True


def _counts() -> dict[str, Any]:
    states = list(Job.objects.values_list("state", flat=True))
    outcomes = list(Attempt.objects.values_list("outcome", flat=True))
    return {
        "jobs": {state: states.count(state) for state in sorted(set(states))},
        "jobs lost": sum(state not in checker.FINAL for state in states),
        "attempts": {outcome or "live": outcomes.count(outcome) for outcome in sorted(set(outcomes))},
        "gangs": Attempt.objects.filter(job__device_count__gt=4).count(),
    }
