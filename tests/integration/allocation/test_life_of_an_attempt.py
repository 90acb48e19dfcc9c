"""From submission to settlement, through the real views and the real database."""

import pytest

from allocation.dispatch.models import Lease
from allocation.grants.models import Grant, Reservation
from allocation.jobs.models import Checkpoint, Job, LogChunk, Metric
from allocation.metering.queries import gpu_ms_of_attempt, gpu_ms_of_grant, gpu_ms_of_line, usage_of_licence
from gpu_runtime.protocol import Envelope, parse_public_key, verify_warrant
from ledger.models import Entry
from tests.integration.allocation.worlds import World, attempt_of


def test_job_goes_from_submission_to_settlement(world: World) -> None:
    host = world.add_host()
    attempt = world.place(devices=2)
    assert host.post("poll", {})["bells"] == [str(attempt.pk)]

    answer = host.claim(attempt)
    assert answer["attempt"]["start"] is True
    assert host.post("poll", {})["bells"] == []
    keys = {key["key_id"]: parse_public_key(key["public_key"]) for key in host.answer["warrant_keys"]}
    leased = Lease.objects.filter(attempt=attempt).values_list("device__uuid", flat=True)
    document = verify_warrant(
        Envelope(**answer["warrant"]), keys, host_id=host.id, attempt_id=str(attempt.pk),
        fencing_token=attempt.fencing_token, spec_sha256=attempt.job.spec_sha256, device_uuids=list(leased),
        nonce=host.nonces[str(attempt.pk)],
    )  # fmt: skip
    assert document.kind == "run"
    assert document.ttl_ms == 20_000
    kinds = {rest.kind for rest in document.rests_on}
    assert {"exporter_licence", "importer_licence", "filing", "decision", "grant", "device", "screening"} <= kinds

    renewed = host.renew(attempt)[0]
    assert renewed["answer"] == "run"
    assert renewed["start"]
    assert renewed["warrant"]["document"]["kind"] == "run"
    host.metrics(attempt, {"step": 1, "loss": 5.5}, {"step": 2, "loss": 5.1, "kind": "eval"}, log="hello\n")
    host.metrics(attempt, {"step": 1, "loss": 5.5}, log="hello\n")
    host.checkpoint(attempt, 50)
    assert (Metric.objects.count(), LogChunk.objects.count(), Checkpoint.objects.count()) == (2, 1, 1)

    host.end(attempt)
    host.end(attempt)
    job, grant = Job.objects.get(), Grant.objects.get()
    assert job.state == "succeeded"
    assert job.ended_at is not None
    assert not Lease.objects.filter(released_at=None).exists()
    reservation = Reservation.objects.get()
    assert reservation.reserved_ms == 2 * 1_200_000
    assert grant.reserved_ms == 0
    assert grant.used_ms == reservation.charged_ms == gpu_ms_of_attempt(attempt.pk) > 0
    assert gpu_ms_of_grant(grant.pk) == grant.used_ms == gpu_ms_of_line(world.exporter.lines.get().pk)
    assert [row.gpu_ms for row in usage_of_licence(world.importer)] == [grant.used_ms]
    acts = list(Entry.objects.filter(subject_kind__in=["job", "attempt"]).values_list("act", flat=True))
    for act in ("job.submitted", "job.placed", "attempt.claimed", "attempt.started", "attempt.ended",
                "attempt.settled", "job.succeeded"):  # fmt: skip
        assert acts.count(act) == 1, (act, acts)


@pytest.mark.parametrize("number", [2**53, 2**62])
def test_checkpoint_that_the_ledger_could_not_seal_is_refused(world: World, number: int) -> None:
    host = world.add_host()
    attempt = world.run(host)
    host.checkpoint(attempt, number, expect=422)
    host.metrics(attempt, {"step": number}, expect=422)
    assert not Checkpoint.objects.exists()
    assert not Entry.objects.filter(act="checkpoint.committed").exists()
    host.checkpoint(attempt, 2**53 - 1)
    assert Entry.objects.get(act="checkpoint.committed").facts["step"] == 2**53 - 1


def test_gang_over_two_hosts_starts_when_both_have_claimed(world: World) -> None:
    first, second = world.add_host(world.serials[:2]), world.add_host(world.serials[2:])
    attempt = world.place(devices=4)
    by_rank = {each.rank: each.host_id for each in attempt.hosts.all()}
    lead, other = (first, second) if str(by_rank[0]) == first.id else (second, first)
    answer = lead.claim(attempt)
    assert answer["attempt"]["start"] is False
    assert answer["attempt"]["world_size"] == 2
    assert answer["attempt"]["rendezvous"].startswith(lead.name)
    assert lead.renew(attempt)[0]["start"] is False
    assert other.claim(attempt)["attempt"]["start"] is True
    assert lead.renew(attempt)[0]["start"] is True
    lead.end(attempt)
    assert attempt_of(attempt.job).state == "running"
    other.end(attempt)
    assert Job.objects.get().state == "succeeded"


def test_gang_meets_at_the_address_that_its_first_host_reports(world: World) -> None:
    hosts = [world.add_host(world.serials[:2]), world.add_host(world.serials[2:])]
    for number, host in enumerate(hosts):
        told = {"boot_id": "b1", "isolation": "", "attempts": [], "devices": host.devices()}
        host.post("report", {**told, "address": f"10.0.0.{number}"})
    attempt = world.place(devices=4)
    lead = next(host for host in hosts if host.id == str(attempt.hosts.get(rank=0).host_id))
    address, _, port = lead.claim(attempt)["attempt"]["rendezvous"].rpartition(":")
    assert address == lead.row.address == f"10.0.0.{hosts.index(lead)}"
    assert 20_000 <= int(port) < 32_000


def test_failure_on_one_host_stops_the_rest_of_the_gang(world: World) -> None:
    first, second = world.add_host(world.serials[:2]), world.add_host(world.serials[2:])
    attempt = world.place(devices=4)
    first.claim(attempt)
    second.claim(attempt)
    first.end(attempt, "failed", exit_code=1, message="Exit code 1", log_tail="Traceback\nValueError: nan\n")
    assert second.renew(attempt)[0]["answer"] == "stop"
    second.end(attempt, "killed")
    ended = attempt_of(attempt.job)
    assert (ended.outcome, ended.exit_code) == ("failed", 1)
    job = Job.objects.get()
    assert job.state == "waiting"
    assert job.failures_in_a_row == 1
    assert job.not_before is not None


def test_third_failure_in_a_row_fails_the_job_with_its_last_log_line(world: World) -> None:
    host = world.add_host()
    job = world.submit()
    from allocation.scheduler.passes import run_pass

    for _ in range(3):
        Job.objects.update(not_before=None)
        assert run_pass() == 1
        attempt = attempt_of(job)
        host.claim(attempt)
        host.end(attempt, "failed", exit_code=1, message="Exit code 1.", log_tail="a\nValueError: loss is nan\n\n")
    job.refresh_from_db()
    assert job.state == "failed"
    assert "3 times in a row" in job.ended_because
    assert "ValueError: loss is nan" in job.ended_because


def test_requeued_job_goes_on_from_its_last_whole_checkpoint_under_a_higher_token(world: World) -> None:
    host = world.add_host()
    from allocation.scheduler.passes import run_pass

    first = world.run(host)
    host.checkpoint(first, 50)
    host.checkpoint(first, 100)
    host.end(first, "expired")
    assert run_pass() == 1
    again = attempt_of(first.job)
    assert again.number == 2
    assert again.fencing_token > first.fencing_token
    resume = host.claim(again)["attempt"]["resume"]
    assert resume == {"step": 100, "name": "step_00000100", "manifest_sha256": f"{100:064x}"}
