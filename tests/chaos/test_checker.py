"""The checker finds each kind of violation, and none where all is well: otherwise a green run would say nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from allocation.dispatch.models import Drain, DrainItem, Lease
from allocation.grants.models import Grant, Reservation
from allocation.jobs.models import Attempt, AttemptHost, Job, Metric
from tests.chaos.checker import Told, read_records, violations
from tests.integration.allocation.worlds import World, make_world

SECOND = timedelta(seconds=1)


@pytest.fixture
def world(db: None, client: Client, settings: Any, tmp_path: Path) -> World:
    settings.WRIT_KEYS = tmp_path / "keys"
    return make_world(client, devices=2)


class Done:
    """One job that ran to its end as it should, with the record of its process."""

    def __init__(self, world: World, folder: Path) -> None:
        host = world.add_host()
        self.attempt = world.run(host)
        host.end(self.attempt)
        place = AttemptHost.objects.get()
        assert place.claimed_at is not None
        AttemptHost.objects.update(warranted_until=place.claimed_at + 20 * SECOND)
        Lease.objects.update(placed_at=place.claimed_at, released_at=place.claimed_at + 30 * SECOND)
        self.claimed_at: datetime = place.claimed_at
        self.host = host.name
        self.records = folder / self.host / "records"
        self.records.mkdir(parents=True)
        self.write(("start", 1), ("beat", 2), ("done", 3))

    def write(self, *lines: tuple[str, float], host: str = "") -> None:
        """Records of the attempt's process, in seconds after its claim."""
        folder = self.records.parents[1] / (host or self.host) / "records"
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{what} {self.claimed_at.timestamp() + after:.6f}\n" for what, after in lines)
        (folder / str(self.attempt.pk)).write_text(text)

    def found(self, told: Told | None = None) -> set[str]:
        """The numbers of the invariants that the checker finds broken."""
        connection.ensure_connection()
        folders = sorted(self.records.parents[1].glob("*/records"))
        lines = violations(connection.connection, read_records(folders), told or Told(frozenset(), frozenset()))
        return {line[:2] for line in lines}


@pytest.fixture
def done(world: World, tmp_path: Path) -> Done:
    return Done(world, tmp_path / "hosts")


def test_checker_finds_nothing_where_all_is_well(done: Done) -> None:
    assert done.found() == set()


def test_checker_finds_what_ran_before_its_claim(done: Done) -> None:
    done.write(("start", -1), ("done", 2))
    assert done.found() == {"I1"}


def test_checker_finds_what_lived_past_its_warrant_unless_its_guard_was_stopped(done: Done) -> None:
    done.write(("start", 1), ("beat", 25))
    assert done.found() == {"I1"}
    assert done.found(Told(frozenset({str(done.attempt.pk)}), frozenset())) == set()


def test_checker_finds_what_lived_when_its_device_was_free(done: Done) -> None:
    done.write(("start", 1), ("beat", 31))
    assert "I4" in done.found(Told(frozenset({str(done.attempt.pk)}), frozenset()))


def test_checker_finds_a_second_start_and_a_second_host(done: Done) -> None:
    done.write(("start", 1), ("start", 2))
    assert done.found() == {"I3"}
    done.write(("start", 1))
    done.write(("start", 1), host="another-host")
    assert done.found() == {"I1", "I3"}


def test_checker_finds_two_live_copies_of_one_job(done: Done) -> None:
    first = Attempt.objects.get()
    Attempt.objects.update(number=2)
    copy = {field.attname: getattr(first, field.attname) for field in Attempt._meta.fields if field.name != "id"}
    second = Attempt.objects.create(**{**copy, "number": 1, "fencing_token": first.fencing_token + 1})
    done.write(("start", 1), ("done", 9))
    earlier = done.records / str(second.pk)
    earlier.write_text(f"start {done.claimed_at.timestamp():.6f}\nbeat {done.claimed_at.timestamp() + 5:.6f}\n")
    assert "do" in done.found()


def test_checker_finds_what_was_written_after_an_attempts_end(done: Done) -> None:
    ended_at = Attempt.objects.get().ended_at
    assert ended_at is not None
    Metric.objects.create(attempt=done.attempt, step=1, values={}, reported_at=ended_at + 2 * SECOND)
    assert done.found() == {"st"}


def test_checker_finds_two_leases_on_a_device_at_once(done: Done, world: World) -> None:
    lease = Lease.objects.get()
    other = Attempt.objects.get()
    job = Job.objects.get()
    job.pk, job.reference = None, "JOB-T-2"
    job.id = None
    copy = Job(**{f.attname: getattr(job, f.attname) for f in Job._meta.fields if f.name != "id"})
    copy.save(force_insert=True)
    twin = Attempt.objects.create(job=copy, number=1, fencing_token=other.fencing_token + 1)
    Lease.objects.create(
        device=lease.device, attempt=twin, fencing_token=twin.fencing_token, exporter_line=lease.exporter_line,
        importer_line=lease.importer_line, placed_at=lease.placed_at, expires_at=lease.expires_at,
    )  # fmt: skip
    assert {"I2", "I7"} <= done.found()


@pytest.mark.parametrize(
    "break_it",
    [
        lambda: Grant.objects.update(used_ms=Grant.objects.get().used_ms + 1),
        lambda: Grant.objects.update(reserved_ms=1),
        lambda: Lease.objects.update(charged_until=Lease.objects.get().charged_from + SECOND),
        lambda: Reservation.objects.update(charged_ms=0),
    ],
)
def test_checker_finds_books_that_do_not_add_up(done: Done, break_it: Callable[[], object]) -> None:
    break_it()
    assert done.found() == {"I6"}


def test_checker_finds_a_drain_of_what_did_not_rest_on_it_and_of_what_was_never_suspended(
    done: Done, world: World
) -> None:
    drain = Drain.objects.create(
        reference="DRN-T", cause_kind="licence", cause_id=world.exporter.pk, cause_ref="x", reason="x"
    )
    item = DrainItem.objects.create(drain=drain, attempt=done.attempt, window_ms=0)
    assert done.found() == {"I5"}
    assert done.found(Told(frozenset(), frozenset({str(world.exporter.pk)}))) == set()
    Drain.objects.update(cause_id=world.order.pk)
    item.refresh_from_db()
    assert done.found(Told(frozenset(), frozenset({str(world.order.pk)}))) == {"I5"}


def test_checker_finds_a_job_without_an_end(done: Done, world: World) -> None:
    world.submit()
    assert done.found() == {"I8"}
