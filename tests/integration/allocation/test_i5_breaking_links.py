"""I5: breaking a link stops every attempt that hangs on it, and no other."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.models import Membership, Person
from allocation.chain.queries import chain_of_job
from allocation.clock import database_now
from allocation.dispatch import drains
from allocation.dispatch.models import Drain, DrainItem
from allocation.dispatch.queries import progress_of_drain, what_would_stop_licence
from allocation.grants.models import Grant
from allocation.inventory import quarantine
from allocation.inventory.models import Device
from allocation.jobs.models import Job
from allocation.jobs.services import cancel_job
from allocation.scheduler.passes import run_pass
from ledger import events
from ledger.errors import ComplianceRefusal
from ledger.models import Entry, OutboxMessage
from procurement.determinations.models import Determination
from procurement.filings.models import Filing
from procurement.licences.acts import countersign_licence_act, suspend_licence
from procurement.licences.models import Condition, LegalEffect, Licence, LicenceLine
from procurement.licences.services import attest_condition
from procurement.orders.models import DemandAssessment, Order
from procurement.parties.models import Ownership, Party, Site
from procurement.parties.services import record_ownership
from procurement.review.models import Decision
from tests import factories as make
from tests.integration.allocation.worlds import World, attempt_of, determine

YESTERDAY = make.today() - timedelta(days=1)


def suspend(world: World) -> None:
    Licence.objects.filter(pk=world.exporter.pk).update(state="suspended")


def shut_lane(world: World) -> None:
    Determination.objects.filter(order=world.order).update(superseded_at=timezone.now())
    determine(world.order, us_ear="prohibited")


BREAKS: dict[str, tuple[Callable[[World], object], str]] = {
    # what breaks: (how, what the next renewal answers)
    "demand withdrawn": (lambda w: DemandAssessment.objects.filter(pk=w.order.demand_id).update(
        withdrawn_at=timezone.now()), "drain"),
    "order stopped": (lambda w: Order.objects.filter(pk=w.order.pk).update(state="stopped"), "drain"),
    "determination prohibits": (shut_lane, "drain"),
    "party matched": (lambda w: Party.objects.filter(pk=w.site.operator_id).update(screening_state="matched"), "stop"),
    "party undecided": (lambda w: Party.objects.filter(pk=w.site.operator_id).update(
        screening_state="undecided"), "run"),
    "exporter's licence suspended": (suspend, "drain"),
    "importer's approval revoked": (lambda w: Licence.objects.filter(pk=w.importer.pk).update(
        state="revoked"), "drain"),
    "use ended": (lambda w: LicenceLine.objects.filter(licence=w.importer).update(use_until=YESTERDAY), "drain"),
    "shipping ended": (lambda w: LicenceLine.objects.filter(licence=w.importer).update(ship_until=YESTERDAY), "run"),
    "units drawn": (lambda w: LicenceLine.objects.filter(licence=w.importer).update(held=3), "run"),
    "site closed": (lambda w: Site.objects.filter(pk=w.site.pk).update(is_closed=True), "drain"),
    "device quarantined": (lambda w: Device.objects.filter(item__receipt__order=w.order).update(
        state="quarantined"), "drain"),
    "filing revoked": (lambda w: Filing.objects.filter(pk=w.filing.pk).update(state="revoked"), "drain"),
    "filing ended": (lambda w: Filing.objects.filter(pk=w.filing.pk).update(ends_on=YESTERDAY), "drain"),
    "decision revoked": (lambda w: Decision.objects.filter(pk=w.grant.decision_id).update(
        revoked_at=timezone.now()), "drain"),
    "grant revoked": (lambda w: Grant.objects.filter(pk=w.grant.pk).update(revoked_at=timezone.now()), "drain"),
    "access ended": (lambda w: Membership.objects.filter(pk=w.team.membership.pk).update(
        ends_at=database_now()), "drain"),
    "person left": (lambda w: Person.objects.filter(pk=w.team.person.pk).update(left_at=timezone.now()), "drain"),
}  # fmt: skip


@pytest.mark.parametrize("what", BREAKS)
def test_broken_link_is_answered_at_the_next_renewal_and_spares_others(
    world: World, new_world: Callable[..., World], what: str
) -> None:
    breaks, expected = BREAKS[what]
    other = new_world()
    host, elsewhere = world.add_host(), other.add_host()
    attempt, spared = world.run(host), other.run(elsewhere)
    breaks(world)
    answer = host.renew(attempt)[0]
    assert answer["answer"] == expected, answer
    if expected == "drain":
        assert answer["warrant"]["document"]["kind"] == "drain"
        assert answer["warrant"]["document"]["window_ms"] == answer["warrant"]["document"]["ttl_ms"]
    assert (answer["warrant"] is None) == (expected == "stop")
    chain = chain_of_job(attempt.job, now=database_now())
    starts = what in ("shipping ended", "units drawn")
    assert chain.is_whole == starts
    if not starts:
        assert chain.first_broken is not None
        assert chain.first_broken.reason
    assert elsewhere.renew(spared)[0]["answer"] == "run"
    assert set(DrainItem.objects.values_list("attempt_id", flat=True)) <= {attempt.pk}


def test_suspension_event_drains_at_once_all_on_the_licence_and_the_page_said_so(
    world: World, new_world: Callable[..., World]
) -> None:
    other = new_world()
    host, elsewhere = world.add_host(), other.add_host()
    running = [world.run(host) for _ in range(3)]
    spared = other.run(elsewhere)
    waiting = world.submit(devices=4)
    Job.objects.filter(pk=waiting.pk).update(submitted_at=F("submitted_at") + timedelta(hours=1))  # the last in line
    what_if = what_would_stop_licence(world.exporter)
    assert {job.pk for job in what_if.jobs} == {attempt.job_id for attempt in running}
    assert [job.pk for job in what_if.waiting] == [waiting.pk]
    assert (what_if.gpu_ms, what_if.orders) == (3 * 1_200_000, (world.order.reference,))
    make.make_condition(world.importer, "checkpoint_window_s", seconds=45)

    suspend(world)
    event = events.LicenceChanged(licence_id=world.exporter.pk, cause="suspended", drain=True, reason="Letter of BIS")
    events.publish(event)
    drain = Drain.objects.get()
    assert progress_of_drain(drain).remaining == 3
    bells = OutboxMessage.objects.filter(kind="ring", payload__why="drain")
    assert {row.payload["attempt_id"] for row in bells} == {str(attempt.pk) for attempt in running}
    answers = host.renew(*running)
    assert [each["answer"] for each in answers] == ["drain"] * 3
    assert all(each["warrant"]["document"]["window_ms"] <= 45_000 for each in answers)
    assert all("Letter of BIS" in each["reason"] for each in answers)
    assert elsewhere.renew(spared)[0]["answer"] == "run"

    for attempt in running:
        times = {"signalled_at": "2026-01-01T00:00:00Z", "last_process_gone_at": "2026-01-01T00:00:01+00:00"}
        host.end(attempt, "drained", exit_code=75, signal_to_gone_ms=900, **times)
    progress = progress_of_drain(Drain.objects.get())
    assert progress.remaining == 0
    assert progress.completed_at is not None
    assert {step.signal_to_gone_ms for step in progress.steps} == {900}
    assert all(step.told_at and step.signalled_at and step.last_process_gone_at for step in progress.steps)
    assert Entry.objects.filter(act="drain.completed").count() == 1
    assert run_pass() == 0
    assert world.exporter.reference in attempt_of(running[0].job).job.waits_because
    with pytest.raises(ComplianceRefusal, match=world.exporter.reference):
        world.submit()
    assert Entry.objects.filter(act="job.refused").count() == 1

    Licence.objects.filter(pk=world.exporter.pk).update(state="active")
    assert run_pass() == 3
    assert attempt_of(running[0].job).number == 2


def test_attestation_shortened_ends_the_warrants_of_a_running_job_earlier(world: World) -> None:
    condition = make.make_condition(world.exporter, "no_reexport")
    Condition.objects.filter(pk=condition.pk).update(
        is_machine_checked=False,
        attested_by=world.officer.membership,
        attested_until=make.today() + timedelta(days=300),
    )
    host = world.add_host()
    attempt = world.run(host)
    attest_condition(actor=world.second, condition=Condition.objects.get(), until=make.today())
    assert host.renew(attempt)[0]["answer"] == "run"
    attempt.refresh_from_db()
    assert attempt.valid_until is not None
    assert attempt.valid_until - database_now() <= timedelta(days=1)


def test_suspension_made_stricter_stops_what_was_let_go_on(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    mild = {"effect": LegalEffect.NO_NEW_SHIPMENTS, "basis": "Letter 7"}
    proposed = suspend_licence(actor=world.officer, licence=world.exporter, reason="A letter.", **mild)
    countersign_licence_act(actor=world.second, act=proposed)
    assert host.renew(attempt)[0]["answer"] == "run"
    suspend_licence(actor=world.officer, licence=world.exporter, reason="Diversion was found.")
    assert host.renew(attempt)[0]["answer"] == "drain"


def test_attempt_that_nobody_claimed_yet_is_ended_by_the_drain(world: World) -> None:
    world.add_host()
    attempt = world.place()
    suspend(world)
    events.publish(events.LicenceChanged(licence_id=world.exporter.pk, cause="suspended", drain=True, reason="r"))
    ended = attempt_of(attempt.job)
    assert (ended.outcome, ended.job.state) == ("refused", "waiting")
    assert Drain.objects.get().completed_at is not None


def test_links_that_moved_but_hold_are_stored_anew_and_the_job_runs_on(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    Filing.objects.filter(pk=world.filing.pk).update(title="Another title")
    assert host.renew(attempt)[0]["answer"] == "run"
    stored = attempt.links.get(source="filing")
    with connection.cursor() as cursor:
        query = "SELECT version FROM chain_version WHERE source = 'filing' AND object_id = %s"
        cursor.execute(query, [world.filing.pk])
        assert cursor.fetchone()[0] == stored.version


def test_lapsed_validity_is_judged_anew(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    type(attempt).objects.update(valid_until=database_now() - timedelta(seconds=1))
    assert host.renew(attempt)[0]["answer"] == "run"
    attempt.refresh_from_db()
    assert attempt.valid_until > database_now()


def test_attempt_without_stored_links_gets_them_before_it_gets_a_warrant(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    attempt.links.all().delete()
    assert host.renew(attempt)[0]["answer"] == "run"
    assert attempt.links.count() > 10


def test_withdrawn_filing_loses_its_grant_and_drains(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    events.publish(events.FilingWithdrawn(filing_id=world.filing.pk, reason="The decision was revoked."))
    assert Grant.objects.get().revoked_at is not None
    assert host.renew(attempt)[0]["answer"] == "drain"


def test_listed_party_stops_now_quarantines_and_opens_an_incident(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    party = world.site.operator
    Party.objects.filter(pk=party.pk).update(screening_state="matched")
    events.publish(events.PartyMatched(party_id=party.pk, stop_now=True, reason="On the denied persons list."))
    assert host.renew(attempt)[0]["answer"] == "stop"
    assert set(Device.objects.values_list("state", flat=True)) == {"quarantined"}
    assert world.order.site.devices.filter(incidents=None).count() == 4


def owner_of_end_user(world: World) -> Party:
    """Somebody two levels up who is named nowhere in the order."""
    parent, middle = make.make_party(), make.make_party()
    Ownership.objects.create(owner=middle, owned=make.end_user_of(world.order), share_percent=60)
    Ownership.objects.create(owner=parent, owned=middle, share_percent=None)
    return parent


def operator_of_site(world: World) -> Party:
    """The site's operator, in no role of the order."""
    operator = make.make_party()
    Site.objects.filter(pk=world.site.pk).update(operator=operator)
    return operator


def owner_of_remote_user(world: World) -> Party:
    """Somebody who holds a remote user of the filing."""
    owner, user = make.make_party(), make.make_party()
    Ownership.objects.create(owner=owner, owned=user, share_percent=51)
    world.filing.remote_users.create(party=user, purpose="Reads the results.")
    return owner


@pytest.mark.parametrize("reached", [owner_of_end_user, operator_of_site, owner_of_remote_user])
def test_match_on_anybody_who_was_screened_stops_what_runs_and_bars_new_starts(
    world: World, reached: Callable[[World], Party]
) -> None:
    party = reached(world)
    host = world.add_host()
    attempt = world.run(host)
    assert attempt.links.filter(source="party", object_id=party.pk).exists()
    Party.objects.filter(pk=party.pk).update(screening_state="matched")
    assert host.renew(attempt)[0]["answer"] == "stop"
    with pytest.raises(ComplianceRefusal, match="Screening"):
        world.submit()


@pytest.mark.parametrize("reached", [owner_of_end_user, operator_of_site])
def test_devices_of_an_order_are_quarantined_for_a_match_up_the_tree(
    world: World, new_world: Callable[[], World], reached: Callable[[World], Party]
) -> None:
    party, other = reached(world), new_world()
    events.publish(events.PartyMatched(party_id=party.pk, stop_now=True, reason="On the denied persons list."))
    bound = Device.objects.filter(item__receipt__order=world.order)
    assert set(bound.values_list("state", "quarantine_reason")) == {("quarantined", quarantine.LISTED)}
    untouched = Device.objects.filter(item__receipt__order=other.order, quarantine_reason=quarantine.LISTED)
    assert not untouched.exists()


@pytest.mark.parametrize("state", ["clear", "undecided"])
def test_recorded_owner_makes_running_jobs_be_judged_again(world: World, state: str) -> None:
    host = world.add_host()
    attempt = world.run(host)
    owned = make.end_user_of(world.order)
    Party.objects.filter(pk=owned.pk).update(screening_state=state)
    assert host.renew(attempt)[0]["answer"] == "run"
    owner = make.make_party(screening_state="matched")
    record_ownership(actor=world.officer, owner=owner, owned=owned, share_percent=None)
    assert host.renew(attempt)[0]["answer"] == "stop"


def test_match_on_a_list_that_stops_nothing_lets_running_jobs_go_on(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    events.publish(events.PartyMatched(party_id=world.site.operator_id, stop_now=False, reason="CMIC"))
    assert host.renew(attempt)[0]["answer"] == "run"


def test_ended_access_drains_what_the_person_submitted(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    events.publish(events.AccessEnded(membership_id=world.team.membership.pk))
    assert host.renew(attempt)[0]["answer"] == "drain"


def test_suspension_that_lets_use_go_on_bars_new_starts_alone(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    one, two = world.officer, world.second
    act = world.exporter.acts.create(
        action="suspend", effect="no_new_starts", reason="Letter", proposer=one.membership,
        proposer_person=one.person, proposer_team=one.team, countersigner=two.membership,
        countersigner_person=two.person, countersigner_team=two.team, in_effect_at=timezone.now(),
    )  # fmt: skip
    suspend(world)
    assert host.renew(attempt)[0]["answer"] == "run"
    with pytest.raises(ComplianceRefusal, match="suspended"):
        world.submit()
    world.exporter.acts.filter(pk=act.pk).update(effect="no_new_shipments")
    world.submit()


def test_drain_warrants_shrink_and_end_in_a_stop(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    cause = drains.Cause("licence", world.exporter.pk, world.exporter.reference, "r")
    drains.begin_drain(actor=world.officer, cause=cause, attempts=[attempt.pk])
    assert host.renew(attempt)[0]["warrant"]["document"]["window_ms"] == 60_000
    type(attempt).objects.update(drain_deadline_at=database_now() + timedelta(seconds=7))
    assert host.renew(attempt)[0]["warrant"]["document"]["window_ms"] == 7_000
    type(attempt).objects.update(drain_deadline_at=database_now())
    assert host.renew(attempt)[0]["answer"] == "stop"
    assert drains.begin_drain(actor=None, cause=cause, attempts=[attempt.pk]) is None


def test_cancelled_job_drains_and_is_not_started_again(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    waiting = world.submit()
    cancel_job(actor=world.team, job_id=attempt.job_id)
    assert cancel_job(actor=world.team, job_id=waiting.pk).state == "cancelled"
    assert host.renew(attempt)[0]["answer"] == "drain"
    host.end(attempt, "drained")
    assert attempt_of(attempt.job).job.state == "cancelled"
