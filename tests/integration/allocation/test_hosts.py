"""Hosts: silence opens one incident with what it carried; operators drain, resume and retire them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.actors import Actor
from allocation.chain.links import LinkKind, LinkStatus
from allocation.chain.queries import chain_of_job
from allocation.clock import database_now
from allocation.dispatch.housekeeping import keep_house
from allocation.dispatch.models import Drain, Lease
from allocation.inventory import hosts, queries
from allocation.inventory.enrolment import create_enrolment_code
from allocation.inventory.hosts import Leave, drain_host, resume_host, retire_host
from allocation.inventory.incidents import close_incident, open_incident
from allocation.inventory.models import Device, Host, Incident, IncidentKind
from allocation.jobs.models import Job
from allocation.scheduler.passes import run_pass
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted, Overtaken
from ledger.models import Entry
from procurement.review import services as review
from procurement.review.models import Case
from tests import factories as make
from tests.integration.allocation.worlds import FakeHost, World, attempt_of

HALF_HOUR = timedelta(minutes=30)


def fall_silent(host: FakeHost) -> None:
    """As if half an hour had passed since the host was last heard of."""
    mine = Lease.objects.filter(device__host=host.id)
    mine.update(charged_from=F("charged_from") - HALF_HOUR, expires_at=F("expires_at") - HALF_HOUR)
    Host.objects.filter(pk=host.id).update(last_seen_at=F("last_seen_at") - HALF_HOUR)


def acts_of(host: Host) -> list[str]:
    return list(Entry.objects.filter(subject_kind="host", subject_id=str(host.pk)).values_list("act", flat=True))


def test_silent_host_opens_one_incident_with_every_attempt_it_carried(world: World) -> None:
    host = world.add_host()
    attempts = [world.run(host), world.run(host)]
    fall_silent(host)
    keep_house()
    keep_house()
    incident = Incident.objects.get()
    assert (incident.kind, str(incident.host_id)) == ("host_silent", host.id)
    carried = {f"{attempt.job.reference} attempt 1" for attempt in attempts}
    assert set(incident.facts["attempts"]) == carried
    assert Case.objects.get(incident_ref=incident.reference) == incident.case
    assert incident.case.kind == "incident"
    assert all(words in Incident.objects.get().case.summary for words in incident.facts["attempts"][:1])


def test_attempt_lost_later_joins_the_incident_that_is_open(world: World) -> None:
    host = world.add_host()
    world.run(host)
    fall_silent(host)
    keep_house()
    host.report([])
    again = attempt_of(Job.objects.get())
    assert run_pass() == 1
    host.claim(attempt_of(Job.objects.get()))
    fall_silent(host)
    keep_house()
    incident = Incident.objects.get()
    assert len(incident.facts["attempts"]) == 2
    assert incident.facts["attempts"][0].endswith(f"attempt {again.number}")


def test_host_that_reports_again_does_not_close_its_incident(world: World) -> None:
    host = world.add_host()
    world.run(host)
    fall_silent(host)
    keep_house()
    host.report([])
    incident = Incident.objects.get()
    assert incident.closed_at is None
    assert incident.gone_since is not None


def test_idle_host_unseen_for_a_day_opens_an_incident_and_a_seen_one_none(world: World) -> None:
    host = world.add_host()
    fall_silent(host)
    keep_house()
    assert not Incident.objects.exists()
    Host.objects.update(last_seen_at=Now() - timedelta(hours=25))
    keep_house()
    keep_house()
    assert Incident.objects.get().facts["attempts"] == []


def test_incident_is_closed_by_an_officer_with_a_reason_and_by_nobody_else(world: World) -> None:
    world.add_host(["SN-STRANGE"])
    incident = Incident.objects.get()
    with pytest.raises(NotPermitted):
        close_incident(actor=world.operator, incident_id=incident.pk, reason="Fixed.")
    with pytest.raises(InvalidInput):
        close_incident(actor=world.officer, incident_id=incident.pk, reason=" ")
    close_incident(actor=world.officer, incident_id=incident.pk, reason="A spare of the maker, taken out.")
    incident.refresh_from_db()
    assert incident.closed_at is not None
    assert incident.case.state == "withdrawn"


def decide(world: World, incident: Incident, outcome: str) -> None:
    review.claim_case(actor=world.officer, case_id=incident.case_id)
    advice = review.Advice(outcome=review.Outcome(outcome), reason="Seen on site.")
    review.advise(actor=world.officer, case_id=incident.case_id, advice=advice)
    review.countersign(actor=world.second, case_id=incident.case_id)
    incident.refresh_from_db()


def test_incident_that_two_officers_kept_open_is_closed_by_two_and_not_by_one(world: World) -> None:
    world.add_host(["SN-STRANGE"])
    incident = Incident.objects.get()
    decide(world, incident, "decline")
    kept = incident.case.reference
    close_incident(actor=world.officer, incident_id=incident.pk, reason="Taken out since.")
    incident.refresh_from_db()
    assert incident.closed_at is None
    assert incident.case.state == "open"
    assert kept in incident.case.summary
    decide(world, incident, "approve")
    assert incident.closed_at is not None


def test_incident_whose_advice_waits_for_its_signature_is_closed_by_nobody_alone(world: World) -> None:
    world.add_host(["SN-STRANGE"])
    incident = Incident.objects.get()
    review.claim_case(actor=world.officer, case_id=incident.case_id)
    advice = review.Advice(outcome=review.Outcome("decline"), reason="Seen on site.")
    review.advise(actor=world.officer, case_id=incident.case_id, advice=advice)
    with pytest.raises(Overtaken, match="second signature"):
        close_incident(actor=world.second, incident_id=incident.pk, reason="Fixed.")


def test_incident_on_a_teams_own_device_is_closed_by_no_officer_of_that_team(world: World) -> None:
    world.add_host()
    incident = open_incident(
        kind=IncidentKind.WRONG_PRODUCT, title="Another product", subject="x",
        device=Device.objects.get(serial=world.serials[0]),
    )  # fmt: skip
    insider = make.make_officer(person=world.team.person)
    with pytest.raises(NotPermitted, match="team that ordered"):
        close_incident(actor=insider, incident_id=incident.pk, reason="Fixed.")


@pytest.mark.parametrize(("outcome", "closed"), [("approve", True), ("decline", False)])
def test_case_decided_by_two_closes_its_incident_only_where_it_is_cleared_up(
    world: World, outcome: str, closed: bool
) -> None:
    world.add_host(["SN-STRANGE"])
    incident = Incident.objects.get()
    decide(world, incident, outcome)
    assert (incident.closed_at is not None) is closed


def test_two_open_incidents_on_one_subject_are_refused_by_the_database(world: World) -> None:
    world.add_host(["SN-STRANGE"])
    known = Incident.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.create(reference="INC-X", kind=known.kind, subject=known.subject, host=known.host)


def test_drained_host_gets_nothing_more_and_what_runs_finishes_within_the_window(world: World) -> None:
    host, other = world.add_host(world.serials[:1]), world.add_host(world.serials[1:2])
    attempt = world.run_any(host, other)
    busy = host if str(attempt.hosts.get().host_id) == host.id else other
    leave = Leave("A fan fails.", timedelta(hours=1))
    drained = drain_host(actor=world.operator, host_id=busy.row.pk, leave=leave)
    assert (drained.state, drained.drain_reason) == ("draining", "A fan fails.")
    assert busy.renew(attempt)[0]["answer"] == "run"
    assert keep_house() == 0
    assert not Drain.objects.exists()
    placed = world.place()
    assert str(placed.hosts.get().host_id) != busy.id
    assert "host.drained" in acts_of(drained)

    Host.objects.update(drain_by=Now() - timedelta(seconds=1))
    assert keep_house() == 1
    assert Drain.objects.get().cause_kind == "host"
    assert busy.renew(attempt)[0]["answer"] == "drain"
    busy.end(attempt, "drained")
    assert keep_house() == 0
    assert attempt_of(attempt.job).job.state == "waiting"


def test_host_drained_at_once_checkpoints_what_runs_and_no_other_host(world: World) -> None:
    host, other = world.add_host(world.serials[:1]), world.add_host(world.serials[1:2])
    attempts = {str(each.hosts.get().host_id): each for each in (world.run_any(host, other) for _ in range(2))}
    drain_host(actor=world.operator, host_id=host.row.pk, leave=Leave("Moved."))
    assert host.renew(attempts[host.id])[0]["answer"] == "drain"
    assert other.renew(attempts[other.id])[0]["answer"] == "run"


def test_drained_host_is_taken_back_into_service(world: World) -> None:
    host = world.add_host()
    drain_host(actor=world.operator, host_id=host.row.pk, leave=Leave("Checked."))
    world.submit()
    assert run_pass() == 0
    resumed = resume_host(actor=world.operator, host_id=host.row.pk)
    assert (resumed.state, resumed.drain_by) == ("enrolled", None)
    assert run_pass() == 1


def test_host_with_work_or_held_devices_is_not_retired(world: World) -> None:
    host = world.add_host(world.serials[:1])
    attempt = world.run(host)
    with pytest.raises(ComplianceRefusal) as refusal:
        retire_host(actor=world.operator, host_id=host.row.pk, reason="Sold.")
    assert any(attempt.job.reference in words for words in refusal.value.blockers)
    host.end(attempt, "succeeded", devices_clear=False)
    assert any("is held" in words for words in hosts.retirement_blockers(host.row))
    with pytest.raises(ComplianceRefusal):
        retire_host(actor=world.operator, host_id=host.row.pk, reason="Sold.")


def test_retired_hosts_key_is_refused_and_its_devices_wait_for_another_host(world: World) -> None:
    host = world.add_host(world.serials[:2])
    retired = retire_host(actor=world.operator, host_id=host.row.pk, reason="Sold.")
    assert "host.retired" in acts_of(retired)
    host.post("poll", {}, expect=401)
    host.post("report", {"boot_id": "b", "isolation": "", "devices": [], "attempts": []}, expect=401)
    mine = Device.objects.filter(serial__in=world.serials[:2])
    assert set(mine.values_list("state", "host")) == {("quarantined", None)}
    assert not Incident.objects.exists()
    world.add_host(world.serials[:2]).report()
    assert set(mine.values_list("state", flat=True)) == {"available"}


@pytest.mark.parametrize("who", ["officer", "team"])
def test_only_operators_act_on_hosts(world: World, who: str) -> None:
    host = world.add_host()
    actor: Actor = getattr(world, who)
    with pytest.raises(NotPermitted):
        drain_host(actor=actor, host_id=host.row.pk, leave=Leave("x"))
    with pytest.raises(NotPermitted):
        retire_host(actor=actor, host_id=host.row.pk, reason="x")


def test_what_if_of_a_host_names_its_jobs_and_the_checkpoints_it_holds_alone(world: World) -> None:
    host, other = world.add_host(world.serials[:1]), world.add_host(world.serials[1:2])
    host.report(), other.report()
    for number, each in enumerate((host, other)):
        Host.objects.filter(pk=each.id).update(checkpoint_store=f"store-{number}")
    attempt = world.run_any(host, other)
    busy, idle = (host, other) if str(attempt.hosts.get().host_id) == host.id else (other, host)
    busy.checkpoint(attempt, 50)
    found = queries.what_would_stop_host(busy.row)
    assert [job.reference for job in found.jobs] == [attempt.job.reference]
    assert found.checkpointed == (attempt.job.reference,)
    assert found.gpu_ms == attempt.job.time_limit_ms
    assert queries.what_would_stop_host(idle.row).jobs == ()


def _requeued_after_a_checkpoint(world: World, stores: tuple[str, str]) -> tuple[FakeHost, FakeHost, Job]:
    host, other = world.add_host(world.serials[:1]), world.add_host(world.serials[1:2])
    for each, store in zip((host, other), stores, strict=True):
        Host.objects.filter(pk=each.id).update(checkpoint_store=store)
    attempt = world.run_any(host, other)
    busy, idle = (host, other) if str(attempt.hosts.get().host_id) == host.id else (other, host)
    busy.checkpoint(attempt, 50)
    busy.end(attempt, "drained")
    return busy, idle, attempt.job


@pytest.mark.parametrize("first", [0, 1])
def test_requeued_job_prefers_the_host_that_holds_its_newest_checkpoint(world: World, first: int) -> None:
    world.serials = world.serials[::-1] if first else world.serials
    busy, _idle, job = _requeued_after_a_checkpoint(world, ("a", "b"))
    assert run_pass() == 1
    again = attempt_of(job)
    assert str(again.hosts.get().host_id) == busy.id
    assert again.resume["step"] == 50


def test_job_on_a_host_without_its_checkpoint_does_not_try_to_resume_from_it(world: World) -> None:
    busy, idle, job = _requeued_after_a_checkpoint(world, ("a", "b"))
    drain_host(actor=world.operator, host_id=busy.row.pk, leave=Leave("Broken."))
    assert run_pass() == 1
    again = attempt_of(job)
    assert (str(again.hosts.get().host_id), again.resume) == (idle.id, None)


def test_job_resumes_on_another_host_that_shares_the_folder(world: World) -> None:
    busy, idle, job = _requeued_after_a_checkpoint(world, ("shared", "shared"))
    drain_host(actor=world.operator, host_id=busy.row.pk, leave=Leave("Broken."))
    assert run_pass() == 1
    again = attempt_of(job)
    assert (str(again.hosts.get().host_id), again.resume["step"]) == (idle.id, 50)


def test_host_reports_the_name_of_its_checkpoint_folder(world: World) -> None:
    host = world.add_host()
    body = {"boot_id": "b", "isolation": "i", "devices": host.devices(), "attempts": [], "checkpoint_store": "s-1"}
    host.post("report", body)
    host.report()
    assert host.row.checkpoint_store == "s-1"


def test_warrant_of_an_ended_job_says_ended_and_not_pending(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    live = chain_of_job(attempt.job, now=database_now()).of(LinkKind.WARRANT)[0]
    host.end(attempt)
    link = chain_of_job(Job.objects.get(), now=database_now()).of(LinkKind.WARRANT)[0]
    assert (live.status, link.status) == (LinkStatus.WHOLE, LinkStatus.ENDED)
    assert link.reference == f"token {attempt.fencing_token}"


def test_retired_device_that_is_reported_is_an_incident_and_breaks_no_report(world: World) -> None:
    from allocation.inventory.services import retire_device

    host = world.add_host()
    retire_device(actor=world.operator, device_id=Device.objects.get(serial=world.serials[0]).pk, reason="Burnt.")
    host.report()
    host.report(health="ECC errors: 1")
    assert Incident.objects.get().kind == "unknown_device"
    assert Device.objects.get(serial=world.serials[0]).state == "retired"


def test_host_whose_enrolment_was_answered_in_vain_asks_again_and_is_the_same_host(world: World) -> None:
    code = create_enrolment_code(actor=world.operator, site=world.site)
    host = FakeHost(world.client, "host-again", world.serials[:1])
    first = host.enrol(code)["host_id"]
    host.id = ""
    assert host.enrol(code)["host_id"] == first
    assert Host.objects.count() == 1
    assert Entry.objects.filter(act="host.enrolled").count() == 1


def test_enrolment_code_that_was_used_serves_no_other_key_and_no_replay(world: World) -> None:
    code = create_enrolment_code(actor=world.operator, site=world.site)
    host = FakeHost(world.client, "host-again", world.serials[:1])
    host.enrol(code)
    thief = FakeHost(world.client, "host-again", world.serials[:1], sequence=10)
    thief.enrol(code, expect=409)
    host.id, host.sequence = "", host.sequence - 1
    host.enrol(code, expect=409)
    retire_host(actor=world.operator, host_id=Host.objects.get().pk, reason="Sold.")
    host.id, host.sequence = "", 50
    host.enrol(code, expect=409)


def test_enrolment_code_can_stand_after_an_option_of_a_command(world: World) -> None:
    codes = [create_enrolment_code(actor=world.operator, site=world.site) for _ in range(100)]
    assert all(code.isalnum() for code in codes)
    assert len(set(codes)) == 100
