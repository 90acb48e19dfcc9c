"""A team's own program starts only where it is kept apart; arrays, order of jobs, retries, bounded logs."""

import pytest
from django.db.models.functions import Now

from allocation.dispatch.housekeeping import keep_house
from allocation.dispatch.reports import LOG_BYTES_KEPT
from allocation.jobs.models import Attempt, Job, LogChunk
from allocation.jobs.services import cancel_job, submit_job
from allocation.scheduler.passes import run_pass
from ledger.errors import InvalidInput
from ledger.models import Entry
from tests.integration.allocation.worlds import FakeHost, World, attempt_of

APART = "own-user+pid-namespace"


def own(world: World, more: str = "") -> Job:
    head = f"name: own\nfiling: {world.filing.reference}\nchip: h200-sxm\ntime_limit: 20m\n"
    return submit_job(actor=world.team, source=f"{head}command:\n  argv: [python3, x.py]\n{more}")


def report_level(host: FakeHost, level: str) -> None:
    host.post("report", {"boot_id": "b", "isolation": level, "devices": host.devices(), "attempts": []})


@pytest.mark.parametrize("level", ["same-user+pid-namespace", "own-user+sweep", "same-user+sweep", "", "trust me"])
def test_own_program_waits_with_the_reason_where_no_host_keeps_it_apart(world: World, level: str) -> None:
    report_level(world.add_host(), level)
    job = own(world)
    assert run_pass() == 0
    job.refresh_from_db()
    assert "own user, and own PID namespace or cgroup" in job.waits_because
    world.submit()
    assert run_pass() == 1


def test_own_program_is_placed_on_the_host_that_keeps_it_apart_alone(world: World) -> None:
    weak, apart = world.add_host(world.serials[:3]), world.add_host(world.serials[3:])
    report_level(weak, "own-user+sweep")
    report_level(apart, APART)
    job = own(world)
    assert run_pass() == 1
    attempt = attempt_of(job)
    assert str(attempt.hosts.get().host_id) == apart.id
    answer = apart.claim(attempt)
    assert answer["spec"]["command"]["argv"] == ["python3", "x.py"]
    attempt.refresh_from_db()
    assert attempt.isolation == APART


def test_host_that_lost_its_isolation_after_the_placement_is_refused_the_claim(world: World) -> None:
    host = world.add_host()
    report_level(host, APART)
    job = own(world)
    assert run_pass() == 1
    report_level(host, "own-user+sweep")
    refusal = host.claim(attempt_of(job), expect=409)
    assert "own-user+sweep" in refusal["message"]
    ended = attempt_of(job)
    assert (ended.outcome, ended.state) == ("refused", "ended")


def test_array_is_one_job_an_element_with_its_index(world: World) -> None:
    first = own(world, "array: 3\n")
    jobs = list(Job.objects.order_by("reference"))
    assert len({job.array_id for job in jobs} - {None}) == 1
    assert [job.spec["array"]["index"] for job in jobs] == [0, 1, 2]
    assert len({job.spec_sha256 for job in jobs}) == 3
    assert first == jobs[0]
    assert Entry.objects.filter(act="job.submitted").count() == 3


def test_array_beyond_the_teams_waiting_jobs_is_refused_whole(world: World) -> None:
    own(world, "array: 150\n")
    with pytest.raises(InvalidInput, match="200 is the limit"):
        own(world, "array: 51\n")
    assert Job.objects.count() == 150


def test_job_waits_for_another_and_starts_once_that_has_succeeded(world: World) -> None:
    host = world.add_host()
    first = world.run(host)
    report_level(host, APART)
    second = own(world, f"after: {first.job.reference}\n")
    assert run_pass() == 0
    second.refresh_from_db()
    assert second.waits_because == f"It waits until {first.job.reference} has succeeded."
    host.end(first)
    assert run_pass() == 1


@pytest.mark.parametrize("how", ["cancelled", "failed"])
def test_job_whose_forerunner_did_not_succeed_fails_with_the_reason(world: World, how: str) -> None:
    first = world.submit()
    second = own(world, f"after: [{first.reference}]\n")
    third = own(world, f"after: [{second.reference}]\n")
    assert keep_house() == 0
    if how == "cancelled":
        cancel_job(actor=world.team, job_id=first.pk)
    else:
        Job.objects.filter(pk=first.pk).update(state="failed", ended_at=Now())
    keep_house()
    keep_house()
    ended = Job.objects.in_bulk([second.pk, third.pk])
    assert {job.state for job in ended.values()} == {"failed"}
    assert first.reference in ended[second.pk].ended_because
    assert second.reference in ended[third.pk].ended_because


def test_another_teams_job_cannot_be_waited_for(world: World) -> None:
    with pytest.raises(InvalidInput, match="Your team has no job JOB-2026-99999"):
        own(world, "after: JOB-2026-99999\n")


def test_job_that_asks_for_no_retry_fails_at_its_first_failure(world: World) -> None:
    host = world.add_host()
    report_level(host, APART)
    job = own(world, "retries: 0\n")
    assert run_pass() == 1
    host.claim(attempt_of(job))
    host.end(attempt_of(job), "failed", exit_code=1, message="exit code 1")
    job.refresh_from_db()
    assert (job.state, Attempt.objects.count()) == ("failed", 1)
    assert "asks for no retry" in job.ended_because


def test_log_of_an_attempt_keeps_its_newest_part_within_the_bound(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    body = {"attempt_id": str(attempt.pk), "fencing_token": attempt.fencing_token, "metrics": []}
    for offset in (0, 100, LOG_BYTES_KEPT, LOG_BYTES_KEPT + 100):
        host.post("metrics", {**body, "log": {"offset": offset, "text": "x"}})
    kept = LogChunk.objects.filter(attempt=attempt).order_by("offset").values_list("offset", flat=True)
    assert list(kept) == [100, LOG_BYTES_KEPT, LOG_BYTES_KEPT + 100]
