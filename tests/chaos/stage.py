"""Two worlds in one database, their jobs, and what the schedule does to them by Writ's own services."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg
import redis
from django.db import connection, connections
from django.test import Client

from allocation.inventory.enrolment import create_enrolment_code
from allocation.inventory.models import Device
from allocation.jobs.models import Attempt, Job
from allocation.jobs.services import submit_job
from config.embedded import urls
from config.embedded.services import ensure
from procurement.filings.models import Filing
from procurement.licences import acts as licences
from procurement.licences.models import Licence
from procurement.licences.states import LicenceAction, LicenceState
from tests import databases
from tests.chaos import checker
from tests.chaos.plant import ROOT, Plant
from tests.chaos.schedule import Acts, Schedule
from tests.integration.allocation.worlds import World, make_world


class Stage:
    """A context: everything is there inside, nothing is left after."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self.folder, self.jobs = folder, jobs
        self.suspended: set[str] = set()

    def __enter__(self) -> Stage:
        ensure()
        self.name = databases.clone_name("chaos")
        databases.make_clone(databases.ensure_template(), self.name)
        connection.close()
        connection.settings_dict["NAME"] = self.name
        self.plant = Plant(self.folder, {**os.environ, "WRIT_DATABASE_NAME": self.name, "PYTHONPATH": str(ROOT)})
        self.worlds = [make_world(Client(), devices=count) for count in (8, 4)]
        Filing.objects.update(max_devices=8)
        self._enrol()
        for number in range(self.jobs):
            world = self.worlds[number % 3 == 2]
            submit_job(actor=world.team, source=world.source(limit="10m") + "retries: 10\nback_off: 1s\n")
        for name in self.plant.commands:
            self.plant.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        self.plant.stop()
        connections.close_all()
        databases.drop_clone(self.name)

    def _enrol(self) -> None:
        first, second = self.worlds
        parts = ((first, first.serials[:4]), (first, first.serials[4:]), (second, second.serials))
        for number, (world, serials) in enumerate(parts):
            code = create_enrolment_code(actor=world.operator, site=world.site)
            self.plant.add_host(f"host-{number}", serials, code, urls.broker_url())

    def is_ready(self) -> bool:
        """Every device is reported, and something runs."""
        self.plant.keep_up()
        are_all_there = Device.objects.filter(state="available").count() == 12
        return are_all_there and Attempt.objects.filter(state="running").exists()

    def is_settled(self) -> bool:
        """Every job has reached an end."""
        return not Job.objects.filter(state__in=["waiting", "running"]).exists()

    def schedule(self, seed: int) -> Schedule:
        """The faults of one seed."""
        return Schedule(self.plant, Acts(self._suspend, self._restore, _flush_redis, self._cut_database), seed)

    def _suspend(self) -> None:
        world: World = self.worlds[0]
        licence = Licence.objects.get(pk=world.exporter.pk)
        if licence.state == LicenceState.ACTIVE:
            self.suspended.add(str(licence.pk))
            licences.suspend_licence(actor=world.officer, licence=licence, reason="The authority's letter.")

    def _restore(self) -> None:
        world: World = self.worlds[0]
        licence = Licence.objects.get(pk=world.exporter.pk)
        if licence.state == LicenceState.SUSPENDED:
            proposal = licences.Proposal(action=LicenceAction.REINSTATE, reason="The authority's second letter.")
            act = licences.propose_licence_act(actor=world.officer, licence=licence, proposal=proposal)
            licences.countersign_licence_act(actor=world.second, act=act)

    def _cut_database(self) -> None:
        """End every connection to the database but the one that asks, as a restart would."""
        with psycopg.connect(databases.app_conninfo(self.name), autocommit=True) as asking:
            asking.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user"
                " AND pid <> pg_backend_pid()",
                [self.name],
            )
        connection.close()

    def counts(self) -> dict[str, Any]:
        """What came of the jobs."""
        states = Job.objects.values_list("state", flat=True)
        outcomes = Attempt.objects.values_list("outcome", flat=True)
        return {
            "jobs": {state: list(states).count(state) for state in sorted(set(states))},
            "attempts": {outcome or "live": list(outcomes).count(outcome) for outcome in sorted(set(outcomes))},
            "services": "embedded, unix sockets" if urls.is_database_embedded() else "outside, by DATABASE_URL",
        }

    def violations(self, schedule: Schedule) -> list[str]:
        """What the independent checker finds."""
        lives = checker.read_records([self.folder / name / "records" for name in self.plant.hosts])
        told = checker.Told(frozenset(schedule.stopped_guards), frozenset(self.suspended))
        with psycopg.connect(databases.owner_conninfo(self.name), autocommit=True) as reading:
            found = checker.violations(reading, lives, told)
        return found if lives else ["No process wrote a record: nothing was checked.", *found]

    def last_words(self) -> str:
        """The ends of the logs."""
        return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in sorted(self.folder.glob("*.log")))


def _flush_redis() -> None:
    redis.Redis.from_url(urls.redis_url()).flushall()
