"""I6: a grant is never overspent, nothing is charged twice. I7: an act's ledger row stands in its transaction."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import Client

from allocation.dispatch import drains
from allocation.dispatch.models import Lease
from allocation.grants.models import Grant, Reservation
from allocation.grants.services import open_grant, reserve, settle
from allocation.jobs.models import Attempt, Job
from allocation.jobs.services import cancel_job
from allocation.scheduler.passes import run_pass
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.models import Entry
from tests import factories as make
from tests.integration.allocation.races import race
from tests.integration.allocation.worlds import HOUR_MS, World, attempt_of, make_world


@pytest.fixture
def live_world(transactional_db: None, client: Client) -> World:
    return make_world(client, granted_ms=10 * HOUR_MS)


def spare_attempts(world: World, count: int) -> list[Attempt]:
    """Attempts of jobs of their own that hold nothing yet."""
    job = world.submit()
    found = []
    for number in range(count):
        job.pk, job.reference = None, f"JOB-T-{make.number()}"
        job.id = None
        clone = Job(**{f.attname: getattr(job, f.attname) for f in Job._meta.fields if f.name != "id"})
        clone.save(force_insert=True)
        found.append(Attempt.objects.create(job=clone, number=1, fencing_token=10**9 + number))
    return found


def test_64_reservations_at_once_never_overspend_the_grant(live_world: World) -> None:
    attempts = spare_attempts(live_world, 64)
    results = race(64, lambda number: _reserve(attempts[number], live_world.grant, HOUR_MS))
    grant = Grant.objects.get()
    assert results.count(True) == 10
    assert grant.reserved_ms == 10 * HOUR_MS == sum(Reservation.objects.values_list("reserved_ms", flat=True))
    assert [each for each in results if isinstance(each, Exception)] == []


def _reserve(attempt: Attempt, grant: Grant, reserved_ms: int) -> bool:
    try:
        with transaction.atomic():
            reserve(attempt=attempt, grant_id=grant.pk, reserved_ms=reserved_ms)
    except ComplianceRefusal:
        return False
    return True


def test_settling_at_once_charges_once(live_world: World) -> None:
    host = live_world.add_host()
    attempt = live_world.run(host)
    Lease.objects.update(charged_until=F("charged_from") + timedelta(milliseconds=1234))
    results = race(8, lambda _: settle(attempt=attempt))
    assert results == [1234] * 8
    grant = Grant.objects.get()
    assert (grant.used_ms, grant.reserved_ms) == (1234, 0)
    assert Entry.objects.filter(act="attempt.settled").count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE allocation_grant SET reserved_ms = granted_ms - used_ms + 1",
        "UPDATE allocation_grant SET used_ms = granted_ms + 1, reserved_ms = 0",
        "UPDATE allocation_grant SET reserved_ms = -1",
        "UPDATE allocation_grant SET granted_ms = 1",
        "UPDATE allocation_reservation SET charged_ms = reserved_ms + 1, settled_at = now()",
        "UPDATE allocation_reservation SET charged_ms = 1",
        "UPDATE allocation_lease SET charged_until = charged_from - interval '1 second'",
    ],
)
def test_overspending_by_raw_sql_is_refused(world: World, statement: str) -> None:
    world.run(world.add_host())
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_each_lease_is_charged_in_whole_milliseconds_rounded_up_once(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host, devices=3)
    Lease.objects.update(charged_until=F("charged_from") + timedelta(milliseconds=10, microseconds=1))
    assert settle(attempt=attempt) == 33


def test_charge_never_passes_the_time_limit(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host, limit="10s")
    Lease.objects.update(charged_from=F("charged_from") - timedelta(hours=1))
    host.end(attempt, "killed")
    reservation = Reservation.objects.get()
    assert reservation.charged_ms == reservation.reserved_ms == 10_000


def test_job_beyond_what_the_grant_has_left_is_refused_and_waits_if_it_was_in_before(world: World) -> None:
    world.add_host()
    job = world.submit()
    Grant.objects.update(used_ms=F("granted_ms") - 1)
    with pytest.raises(ComplianceRefusal, match="GPU-hours are free"):
        world.submit()
    assert run_pass() == 0
    job.refresh_from_db()
    assert "GPU-hours are free" in job.waits_because


def test_filing_cap_on_devices_at_once_is_kept(world: World) -> None:
    world.add_host()
    type(world.filing).objects.update(max_devices=3)
    first, second = world.submit(devices=2), world.submit(devices=2)
    assert run_pass() == 1
    second.refresh_from_db()
    assert attempt_of(first).state == "placed"
    assert "limit leaves 1 devices" in second.waits_because
    with pytest.raises(ComplianceRefusal, match="allows 3 devices"):
        world.submit(devices=4)


def test_grant_of_a_decision_is_opened_once(world: World) -> None:
    known = world.grant
    again = open_grant(filing_id=world.filing.pk, decision_id=known.decision_id, granted_ms=5)
    assert (again.pk, again.granted_ms) == (known.pk, known.granted_ms)


def test_other_teams_filing_is_not_there(world: World, new_world: Callable[..., World]) -> None:
    other = new_world()
    from allocation.jobs.services import submit_job

    with pytest.raises(InvalidInput, match="Your team has no filing"):
        submit_job(actor=other.team, source=world.source())


def test_invalid_job_file_names_its_lines(world: World) -> None:
    from allocation.jobs.services import submit_job

    with pytest.raises(InvalidInput, match="line 4: devices"):
        submit_job(actor=world.team, source=world.source(devices=0))


def _undone(act: Callable[[], Any], before: int) -> None:
    with transaction.atomic():
        act()
        assert Entry.objects.count() > before
        raise Undone


class Undone(Exception):
    """Raised after an act, so that its transaction is rolled back."""


def _acts(world: World) -> dict[str, Callable[[], Any]]:
    host = world.add_host()
    attempt = world.run(host)
    cause = drains.Cause("licence", world.exporter.pk, world.exporter.reference, "r")
    waiting = world.submit()
    return {
        "submit": world.submit,
        "place": run_pass,
        "drain": lambda: drains.begin_drain(actor=None, cause=cause, attempts=[attempt.pk]),
        "end": lambda: host.end(attempt),
        "checkpoint": lambda: host.checkpoint(attempt, 5),
        "cancel": lambda: cancel_job(actor=world.team, job_id=waiting.pk),
        "foreign process": lambda: host.report(foreign_pids=[1]),
    }


@pytest.mark.parametrize("name", ["submit", "place", "drain", "end", "checkpoint", "cancel", "foreign process"])
def test_act_that_is_rolled_back_leaves_no_ledger_row(world: World, name: str) -> None:
    act = _acts(world)[name]
    before = Entry.objects.count()
    with pytest.raises(Undone):
        _undone(act, before)
    assert Entry.objects.count() == before


def test_ledger_rows_bear_the_transaction_of_what_they_record(live_world: World) -> None:
    """PostgreSQL's own mark: the act's row and its ledger row were written by one transaction."""
    host = live_world.add_host()
    job = live_world.submit()
    assert _writer("allocation_job", "id", job.pk) == _entry_writer("job.submitted", job.pk)
    run_pass()
    attempt = attempt_of(job)
    assert _writer("allocation_job", "id", job.pk) == _entry_writer("job.placed", job.pk)
    assert _writer("allocation_lease", "attempt_id", attempt.pk) == _entry_writer("job.placed", job.pk)
    assert _writer("allocation_reservation", "attempt_id", attempt.pk) == _entry_writer("job.placed", job.pk)
    host.claim(attempt)
    assert _writer("allocation_attempt", "id", attempt.pk) == _entry_writer("attempt.started", attempt.pk)
    before = Entry.objects.count()
    host.renew(attempt)
    assert Entry.objects.count() == before
    host.end(attempt)
    assert _writer("allocation_attempt", "id", attempt.pk) == _entry_writer("attempt.ended", attempt.pk)
    assert _writer("allocation_reservation", "attempt_id", attempt.pk) == _entry_writer("attempt.settled", attempt.pk)
    assert _writer("allocation_job", "id", job.pk) == _entry_writer("job.succeeded", job.pk)


def _writer(table: str, column: str, value: object) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT xmin::text FROM {table} WHERE {column} = %s", [value])
        return str(cursor.fetchone()[0])


def _entry_writer(act: str, subject_id: object) -> str:
    entry = Entry.objects.filter(act=act, subject_id=str(subject_id)).order_by("-at")[0]
    return _writer("ledger_entry", "id", entry.pk)
