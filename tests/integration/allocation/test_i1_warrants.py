"""I1, the control plane's half: no warrant for a broken chain, a wrong host, a stale token, or beyond its time."""

from datetime import timedelta

import pytest
from django.db.models import F

from allocation.clock import database_now
from allocation.dispatch.models import Lease
from allocation.inventory.models import Host
from allocation.jobs.models import Attempt, Checkpoint, Metric
from gpu_runtime.protocol import generate_key, new_nonce
from procurement.licences.models import Licence
from tests.integration.allocation.worlds import World, attempt_of


def test_claim_after_a_licence_was_suspended_is_refused_and_the_job_waits(world: World) -> None:
    host = world.add_host()
    attempt = world.place()
    Licence.objects.filter(pk=world.exporter.pk).update(state="suspended")
    refusal = host.claim(attempt, expect=409)
    assert refusal["code"] == "chain_broken"
    assert world.exporter.reference in refusal["message"]
    ended = attempt_of(attempt.job)
    assert (ended.state, ended.outcome) == ("ended", "refused")
    assert ended.job.state == "waiting"
    assert not Lease.objects.filter(released_at=None).exists()
    assert host.claim(attempt, expect=409)["code"] == "stale_token"


def test_claim_by_another_enrolled_host_is_refused(world: World) -> None:
    host, other = world.add_host(world.serials[:2]), world.add_host(world.serials[2:])
    attempt = world.place()
    lead = host if str(attempt.hosts.get().host_id) == host.id else other
    wrong = other if lead is host else host
    assert wrong.claim(attempt, expect=409)["code"] == "stale_token"
    lead.claim(attempt)
    assert wrong.renew(attempt)[0] == {
        "attempt_id": str(attempt.pk), "answer": "stop", "start": False, "warrant": None,
        "reason": "No attempt runs on this host under this token.",
    }  # fmt: skip


def test_request_signed_by_another_key_is_refused(world: World) -> None:
    host = world.add_host()
    attempt = world.place()
    body = {"attempt_id": str(attempt.pk), "nonce": new_nonce()}
    assert host.post("claim", body, key=generate_key(), expect=401)["code"] == "not_from_host"


def test_request_sent_again_is_refused(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    used = host.sequence
    host.renew(attempt)
    host.post("renew", {"attempts": []}, sequence=used + 1, expect=401)
    host.post("renew", {"attempts": []}, sequence=used, expect=401)
    assert Host.objects.get().sequence == used + 1


def test_request_signed_for_another_address_or_body_is_refused(world: World) -> None:
    host = world.add_host()
    host.post("poll", {}, path="/host/v1/claim", expect=401)
    host.post("poll", {}, signed_body=b'{"x": 1}', expect=401)


def test_retired_host_is_refused(world: World) -> None:
    host = world.add_host()
    Host.objects.update(state="retired")
    host.post("poll", {}, expect=401)


def test_renewal_with_a_stale_token_gets_a_stop_and_no_warrant(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    answer = host.renew(attempt, token=attempt.fencing_token - 1)[0]
    assert (answer["answer"], answer["warrant"]) == ("stop", None)


def test_every_write_with_a_stale_token_is_refused(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    real = attempt.fencing_token
    attempt.fencing_token = real + 1
    host.metrics(attempt, {"step": 1, "loss": 1}, expect=409)
    host.checkpoint(attempt, 1, expect=409)
    host.end(attempt, expect=409)
    attempt.fencing_token = real
    host.end(attempt)
    host.metrics(attempt, {"step": 1, "loss": 1}, log="late", expect=409)
    host.checkpoint(attempt, 1, expect=409)
    assert not Metric.objects.exists()
    assert not Checkpoint.objects.exists()
    assert host.renew(attempt)[0]["answer"] == "stop"


def test_warrant_never_outlives_the_chain(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    Attempt.objects.update(valid_until=database_now() + timedelta(seconds=5))
    document = host.renew(attempt)[0]["warrant"]["document"]
    assert document["ttl_ms"] == 5_000


def test_warrant_never_outlives_the_time_limit(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host, limit="30s")
    Attempt.objects.update(claimed_at=F("claimed_at") - timedelta(seconds=18))
    assert host.renew(attempt)[0]["warrant"]["document"]["ttl_ms"] <= 12_000


def test_attempt_near_its_time_limit_drains_within_what_was_reserved(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host, limit="100s")
    Attempt.objects.update(claimed_at=F("claimed_at") - timedelta(seconds=85))
    answer = host.renew(attempt)[0]
    assert answer["answer"] == "drain"
    assert answer["reason"] == "It reached its time limit."
    assert answer["warrant"]["document"]["window_ms"] <= 15_000
    host.end(attempt, "drained")
    assert attempt_of(attempt.job).job.state == "failed"


@pytest.mark.parametrize("name", ["claim", "renew", "metrics", "checkpoint", "end", "report", "poll"])
def test_malformed_message_is_refused_by_name(world: World, name: str) -> None:
    host = world.add_host()
    assert host.post(name, {"surprise": 1}, expect=422)["code"] == "malformed"


@pytest.mark.parametrize("body", [b'{"code": ' + b"1" * 5_000 + b"}", b'{"code": 1e999}', b"[" * 100_000])
def test_unreadable_enrolment_is_refused(world: World, body: bytes) -> None:
    answer = world.client.post("/host/v1/enrol", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


@pytest.mark.parametrize("text", ["\ud800", "a\x00b"])
def test_text_that_the_database_cannot_hold_is_refused(world: World, text: str) -> None:
    host = world.add_host()
    attempt = world.run(host)
    host.end(attempt, receipt={"text": text}, expect=422)
    host.end(attempt, message=text, expect=422)
    host.end(attempt)
    assert attempt_of(attempt.job).state == "ended"


def test_enrolment_code_works_once_and_only_with_the_key_it_signs_with(world: World) -> None:
    from allocation.inventory.enrolment import create_enrolment_code
    from tests.integration.allocation.worlds import FakeHost

    code = create_enrolment_code(actor=world.operator, site=world.site)
    FakeHost(world.client, "first", []).enrol(code)
    assert FakeHost(world.client, "second", []).enrol(code, expect=409)["code"] == "refused_by_compliance"
    thief = FakeHost(world.client, "third", [])
    body = {
        "code": create_enrolment_code(actor=world.operator, site=world.site), "name": "third", "agent_version": "1",
        "public_key": FakeHost(world.client, "x", []).enrol(
            create_enrolment_code(actor=world.operator, site=world.site)
        )["warrant_keys"][0]["public_key"], "isolation": "none", "devices": [],
    }  # fmt: skip
    assert thief.post("enrol", body, expect=401)["code"] == "not_from_host"
