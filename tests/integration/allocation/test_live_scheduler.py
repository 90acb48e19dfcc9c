"""The live pass under every limit: licence lines, filings, quotas, bookings, priorities, fair share, preemption."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.actors import Actor
from allocation.clock import database_now
from allocation.dispatch.models import Drain, Lease
from allocation.jobs.models import Attempt, Job
from allocation.scheduler import policy
from allocation.scheduler.look import Looker
from allocation.scheduler.models import JobOutlook, Preemption, Priority, SchedulerRules
from allocation.scheduler.passes import run_pass
from allocation.scheduler.placement import plan
from allocation.scheduler.placing import Judged, place_all
from allocation.scheduler.usage import current_rules, shares_at
from allocation.scheduler.verdicts import read_stamp
from ledger.errors import InvalidInput, NotPermitted
from ledger.models import Entry
from procurement.filings.models import Filing
from procurement.licences.models import Licence, LicenceLine
from tests import factories as make
from tests.integration.allocation.worlds import FakeHost, World, approve, attempt_of


def other_filing(world: World) -> Filing:
    """Another team's approved filing on the same order."""
    filing = make.make_filing(world.order, applicant=make.make_applicant())
    approve(filing, officer=world.officer, second=world.second)
    return filing


def line_of(world: World) -> LicenceLine:
    return world.exporter.lines.get()


def cap(world: World, **values: int | None) -> None:
    words = {"per_job": None, "at_once": None, "basis": "Condition 4 of the licence.", **values}
    policy.cap_line(actor=world.officer, line_id=line_of(world).pk, **words)


def rules(world: World, **values: object) -> None:
    row = current_rules()
    names = ("half_life_hours", "bound_hours", "may_preempt", "quantum_minutes", "stops_most")
    policy.set_rules(actor=world.operator, values={**{name: getattr(row, name) for name in names}, **values})


def why(job: Job) -> str:
    return Job.objects.values_list("waits_because", flat=True).get(pk=job.pk)


def start(host: FakeHost, attempt: Attempt) -> None:
    host.claim(attempt)
    host.renew(attempt)
    attempt.refresh_from_db()
    assert attempt.state == "running"


def test_line_that_allows_fewer_devices_at_once_holds_the_second_job_back(world: World) -> None:
    world.add_host()
    cap(world, at_once=1)
    first, second = world.submit(), world.submit()
    assert run_pass() == 1
    assert "no more devices to use at once" in why(second)
    cap(world)
    assert run_pass() == 1
    assert Entry.objects.filter(act="licence.capped").count() == 2
    assert first.attempts.count() == second.attempts.count() == 1


def test_line_that_allows_fewer_devices_in_one_job_holds_a_larger_gang_back(world: World) -> None:
    world.add_host()
    cap(world, per_job=2)
    large, fitting = world.submit(devices=3), world.submit(devices=2)
    assert run_pass() == 1
    assert "allow 2 devices in one job" in why(large)
    assert attempt_of(fitting).leases.count() == 2


def test_cap_is_an_officers_alone_and_says_on_what_basis(world: World) -> None:
    with pytest.raises(NotPermitted):
        policy.cap_line(actor=world.operator, line_id=line_of(world).pk, per_job=1, at_once=None, basis="x")
    with pytest.raises(InvalidInput, match="say why"):
        policy.cap_line(actor=world.officer, line_id=line_of(world).pk, per_job=1, at_once=None, basis=" ")


def test_quota_is_lent_within_its_cohort_and_claimed_back(world: World) -> None:
    host, other = world.add_host(), other_filing(world)
    for account in (world.team.team, other.team):
        words = policy.QuotaWords(account, world.filing.chip, "labs", 2)
        policy.set_quota(actor=world.operator, words=words)
    rules(world, quantum_minutes=0)
    borrowed = [world.submit() for _ in range(4)]
    assert run_pass() == 4
    for age, job in enumerate(reversed(borrowed), 1):
        start(host, attempt_of(job))
        Attempt.objects.filter(job=job).update(started_at=Now() - timedelta(minutes=age))
    owner = world.submit(devices=2, filing=other)
    assert run_pass() == 0
    stopped = Preemption.objects.select_related("attempt")
    assert [each.attempt.job_id for each in stopped.order_by("attempt__fencing_token")] == [
        job.pk for job in borrowed[2:]
    ]
    assert run_pass() == 0
    assert Preemption.objects.count() == 2
    for each in stopped:
        host.end(each.attempt, "drained", signalled_at=None)
    assert run_pass() == 1
    assert attempt_of(owner).leases.count() == 2
    assert run_pass() == 0
    assert "quota of" in why(borrowed[2])


def test_urgent_job_stops_a_lower_one_with_a_checkpoint_and_accounts_for_it(world: World) -> None:
    host = world.add_host()
    low = world.submit(devices=4)
    assert run_pass() == 1
    start(host, attempt_of(low))
    urgent = world.submit(devices=4)
    policy.prioritise_job(actor=world.operator, job_id=urgent.pk, priority=Priority.URGENT, reason="Deadline.")
    run_pass()
    assert not Preemption.objects.exists(), "it runs undisturbed for its quantum"
    rules(world, quantum_minutes=0)
    run_pass()
    stop = Preemption.objects.get()
    assert (stop.attempt.job_id, stop.for_job_id) == (low.pk, urgent.pk)
    assert Drain.objects.get().cause_kind == "preemption"
    assert Entry.objects.get(act="attempt.preempted").facts["for_job"] == urgent.reference
    assert attempt_of(low).drain_deadline_at - attempt_of(low).drain_asked_at == timedelta(seconds=60)
    host.end(attempt_of(low), "drained")
    assert run_pass() == 1
    assert Attempt.objects.get(job=urgent).state == "placed"
    low.refresh_from_db()
    assert low.state == "waiting"


def test_job_that_was_stopped_as_often_as_it_may_runs_on(world: World) -> None:
    host = world.add_host()
    low = world.submit(devices=4)
    assert run_pass() == 1
    rules(world, quantum_minutes=0, stops_most=0)
    start(host, attempt_of(low))
    urgent = world.submit(devices=4)
    policy.prioritise_job(actor=world.operator, job_id=urgent.pk, priority=Priority.URGENT, reason="Deadline.")
    assert run_pass() == 0
    assert not Preemption.objects.exists()


def test_booked_host_takes_its_own_filings_jobs_alone(world: World) -> None:
    host, other = world.add_host(), other_filing(world)
    now = timezone.now()
    words = policy.BookingWords(
        other, [host.row], now + timedelta(minutes=10), now + timedelta(hours=2), "Acceptance run."
    )
    booking = policy.book_hosts(actor=world.operator, words=words)
    outlasts, short, own = world.submit(limit="20m"), world.submit(limit="5m"), world.submit(filing=other, limit="1h")
    assert run_pass() == 2
    assert {attempt.job_id for attempt in Attempt.objects.all()} == {short.pk, own.pk}
    assert why(outlasts).startswith("0 of the 1")
    with pytest.raises(InvalidInput, match=booking.reference):
        policy.book_hosts(actor=world.operator, words=words)
    policy.cancel_booking(actor=world.operator, booking_id=booking.pk)
    assert run_pass() == 1


def test_team_that_had_less_of_late_goes_first(world: World) -> None:
    host, other = world.add_host(), other_filing(world)
    used = world.run(host, devices=4)
    Lease.objects.filter(attempt=used).update(charged_from=Now() - timedelta(hours=1))
    host.end(used)
    Lease.objects.filter(attempt=used).update(charged_from=Now() - timedelta(hours=1), charged_until=Now())
    rich, poor = world.submit(devices=4), world.submit(devices=4, filing=other)
    assert run_pass() == 1
    assert attempt_of(poor).leases.count() == 4
    shares = shares_at(timezone.now(), SchedulerRules())
    path = (str(world.team.team.organisation_id), str(world.team.team.pk), str(world.team.person.pk))
    assert 3.9 * 3600 < shares.use[path[:1]] <= 4 * 3600
    assert rich.attempts.count() == 0


def test_waiting_job_is_told_its_position_and_when_it_may_start(world: World) -> None:
    host = world.add_host()
    start(host, world.place(devices=4, limit="1h"))
    second, third = world.submit(devices=4), world.submit(devices=4)
    assert run_pass() == 0
    outlooks = {each.job_id: each for each in JobOutlook.objects.all()}
    assert (outlooks[second.pk].position, outlooks[third.pk].position) == (1, 2)
    early, likely, late = (getattr(outlooks[second.pk], name) for name in ("early_at", "likely_at", "late_at"))
    assert early <= likely <= late
    assert late <= timezone.now() + timedelta(minutes=62)


def test_only_operators_set_the_policy(world: World) -> None:
    acts = (
        lambda actor: policy.set_weight(actor=actor, account=world.team.team, weight=2),
        lambda actor: policy.prioritise_filing(
            actor=actor, filing_id=world.filing.pk, priority=Priority.HIGH, reason="x"
        ),
        lambda actor: rules(World(**{**vars(world), "operator": actor})),
    )
    for act in acts:
        for actor in (world.team, world.officer):
            with pytest.raises(NotPermitted):
                act(Actor(actor.membership))
        act(world.operator)


def judged_now() -> list[Judged]:
    """What a look at this moment would place, with its verdicts."""
    look = Looker().look(database_now())
    return [Judged(each, look.verdicts[look.kinds[each.job]]) for each in plan(look.snapshot).placed]


def test_jobs_are_placed_together_on_the_verdict_that_they_were_judged_by(world: World) -> None:
    world.add_host()
    jobs = [world.submit() for _ in range(3)]
    assert place_all(judged_now(), read_stamp(database_now())) == 3
    rows = Entry.objects.filter(act="job.placed", subject_id__in=[str(job.pk) for job in jobs])
    assert rows.count() == 3
    links = [set(attempt_of(job).links.values_list("source", flat=True)) for job in jobs]
    assert links[0] == links[1] == links[2] > {"licence", "licence_line", "filing", "grant", "device"}
    assert all(attempt_of(job).links.filter(source="device").count() == 1 for job in jobs)


def test_jobs_judged_before_a_licence_was_suspended_are_not_placed_on_it(world: World) -> None:
    world.add_host()
    world.submit()
    world.submit()
    judged = judged_now()
    Licence.objects.filter(pk=world.exporter.pk).update(state="suspended")
    assert place_all(judged, read_stamp(database_now())) == 0
    assert not Lease.objects.exists()


def test_jobs_judged_before_a_line_was_capped_are_placed_within_the_cap(world: World) -> None:
    world.add_host()
    world.submit()
    world.submit()
    judged = judged_now()
    cap(world, at_once=1)
    assert place_all(judged, read_stamp(database_now())) == 1
