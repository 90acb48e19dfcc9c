"""The schedule on pages and over the API: what is set is set, what is wrong is told, and everybody sees their part."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from allocation.jobs.models import Job
from allocation.scheduler.models import (
    Booking,
    DeviceQuota,
    Division,
    JobPriority,
    LineCap,
    SchedulerRules,
    ShareWeight,
)
from allocation.scheduler.passes import run_pass
from ledger.models import Entry
from procurement.licences.models import LicenceLine
from tests import factories as make
from tests.browsing import signed_in, text_of
from tests.integration.allocation.worlds import World, approve, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path: Path) -> None:
    settings.WRIT_KEYS = tmp_path / "keys"


@pytest.fixture
def world(db: None) -> World:
    """Four licensed devices, an approved filing, no host yet."""
    return make_world(Client())


@pytest.fixture
def operator(world: World) -> Client:
    """The operator's browser."""
    return signed_in(world.operator)


def busy(world: World) -> Job:
    """All devices held by one job, and another that waits for them."""
    other = make.make_filing(world.order, applicant=make.make_applicant())
    approve(other, officer=world.officer, second=world.second)
    world.run(world.add_host(), devices=4, limit="1h", filing=other)
    job = world.submit(devices=2)
    assert run_pass() == 0
    return job


def test_queue_shows_staff_every_job_with_reason_position_and_start(world: World, operator: Client) -> None:
    job = busy(world)
    shown = text_of(operator.get(reverse("schedule:queue")))
    assert job.reference in shown
    assert "0 of the 2 licensed devices that it asks for are free now." in shown
    assert "not known" not in shown


def test_queue_shows_a_team_its_own_jobs_alone(world: World) -> None:
    job = busy(world)
    assert job.reference in text_of(signed_in(world.team).get(reverse("schedule:queue")))
    assert job.reference not in text_of(signed_in(make.make_applicant()).get(reverse("schedule:queue")))


def test_job_page_part_says_where_a_waiting_job_stands(world: World) -> None:
    job = busy(world)
    shown = text_of(signed_in(world.team).get(reverse("schedule:outlook", args=[job.pk])))
    assert "Position among those who want the same devices" in shown
    assert "May start" in shown


def test_operator_sets_and_drops_a_quota_in_two_clicks(world: World, operator: Client) -> None:
    said = {"account": f"t:{world.team.team.pk}", "chip": "h200-sxm", "cohort": "labs", "nominal": "2"}
    assert operator.post(reverse("schedule:set_quota"), said).status_code == 303
    quota = DeviceQuota.objects.get()
    assert (quota.team, quota.nominal, quota.borrow_most) == (world.team.team, 2, None)
    assert "labs" in text_of(operator.get(reverse("schedule:shares")))
    wrong = operator.post(reverse("schedule:set_quota"), {**said, "nominal": "-1"})
    assert wrong.status_code == 422
    assert 'value="labs"' in wrong.content.decode()
    assert operator.post(reverse("schedule:drop_quota"), {"quota": quota.pk}).status_code == 303
    assert not DeviceQuota.objects.exists()
    assert list(Entry.objects.filter(act__startswith="device_quota").values_list("act", flat=True)) == [
        "device_quota.set",
        "device_quota.dropped",
    ]


def test_operator_sets_weight_rules_and_priorities(world: World, operator: Client) -> None:
    weight = {"account": f"o:{world.team.team.organisation_id}", "weight": "3"}
    assert operator.post(reverse("schedule:weigh"), weight).status_code == 303
    assert ShareWeight.objects.get().weight == 3
    rules = {"half_life_hours": "24", "bound_hours": "48", "quantum_minutes": "5", "stops_most": "2"}
    assert operator.post(reverse("schedule:rules"), rules).status_code == 303
    row = SchedulerRules.objects.get()
    assert (row.half_life_hours, row.may_preempt, row.stops_most) == (24, False, 2)
    assert operator.post(reverse("schedule:rules"), {**rules, "bound_hours": "0"}).status_code == 422
    job = world.submit()
    address = reverse("schedule:prioritise", args=[job.pk])
    assert operator.post(address, {"priority": "200", "reason": "Deadline."}).status_code == 303
    assert JobPriority.objects.get(job=job).priority == 200
    assert operator.post(address, {"priority": "7", "reason": "Deadline."}).status_code == 422
    filing = {"filing": world.filing.pk, "priority": "-100", "reason": "It can wait."}
    assert operator.post(reverse("schedule:prioritise_filing"), filing).status_code == 303
    assert "Urgent" in text_of(operator.get(reverse("schedule:queue")))


def test_officer_may_not_change_the_rules_and_sees_them(world: World) -> None:
    officer = signed_in(world.officer)
    shown = text_of(officer.get(reverse("schedule:rules")))
    assert "Goes first after waiting" in shown
    assert officer.post(reverse("schedule:rules"), {"bound_hours": "1"}).status_code in (403, 422)
    assert not SchedulerRules.objects.exists()


def test_operator_books_and_gives_back_hosts(world: World, operator: Client) -> None:
    host = world.add_host()
    start = timezone.now() + timedelta(hours=1)
    said = {
        "filing": world.filing.pk, "hosts": [host.id], "starts_at": f"{start:%Y-%m-%dT%H:%M}",
        "ends_at": f"{start + timedelta(hours=2):%Y-%m-%dT%H:%M}", "reason": "Acceptance run.",
    }  # fmt: skip
    assert operator.post(reverse("schedule:book"), said).status_code == 303
    booking = Booking.objects.get()
    assert booking.reference in text_of(operator.get(reverse("schedule:bookings")))
    again = operator.post(reverse("schedule:book"), said)
    assert again.status_code == 422
    assert booking.reference in text_of(again)
    assert operator.post(reverse("schedule:cancel_booking"), {"booking": booking.pk}).status_code == 303
    assert Booking.objects.get().cancelled_at is not None


def test_officer_puts_down_what_a_line_allows(world: World) -> None:
    officer, line = signed_in(world.officer), LicenceLine.objects.get(licence=world.exporter)
    said = {"line": line.pk, "per_job": "2", "at_once": "", "basis": "Condition 4."}
    assert officer.post(reverse("schedule:cap"), said).status_code == 303
    assert LineCap.objects.get().per_job == 2
    assert "In one job: 2." in text_of(officer.get(reverse("schedule:caps")))
    wrong = officer.post(reverse("schedule:cap"), {**said, "basis": ""})
    assert wrong.status_code == 422
    assert officer.post(reverse("schedule:cap"), {**said, "per_job": ""}).status_code == 303
    assert not LineCap.objects.exists()


def test_capacity_names_who_holds_which_host_and_where_a_licence_ends(world: World, operator: Client) -> None:
    busy(world)
    LicenceLine.objects.filter(licence=world.exporter).update(use_until=timezone.now().date() + timedelta(days=2))
    shown = text_of(operator.get(reverse("schedule:capacity")))
    assert world.exporter.reference in shown
    told = operator.get(reverse("schedule:capacity_data")).json()
    assert [(bar["kind"], bar["devices"]) for bar in told["bars"]] == [("running", 4)]
    assert told["bars"][0]["from"] < told["bars"][0]["to"] <= told["bars"][0]["late"]
    assert world.exporter.reference in told["ends"][0]["label"]


def test_what_if_a_licence_ends_names_who_stops(world: World, operator: Client) -> None:
    job = busy(world)
    address = reverse("schedule:what_if")
    gone = text_of(operator.get(address, {"ask": "licence", "licence": world.exporter.pk}))
    assert "1 running job would stop" in gone
    more = text_of(operator.get(address, {"ask": "devices", "order": world.order.pk, "count": 512}))
    assert "starts at once" in more
    first = text_of(operator.get(address, {"ask": "priority", "job": job.pk, "priority": 200}))
    assert f"If {job.reference} had the priority Urgent" in first
    assert operator.get(address, {"ask": "devices", "count": "0"}).status_code == 422
    assert Job.objects.get(pk=job.pk).state == "waiting"


def test_team_asks_whether_a_job_could_run_and_nothing_is_submitted(world: World) -> None:
    team, address = signed_in(world.team), reverse("schedule:could_run")
    world.add_host()
    ready = text_of(team.post(address, {"source": world.source()}))
    assert "It could start at once." in ready
    assert world.exporter.reference in ready
    assert "4 licensed devices are free for it now." in ready
    world.place(devices=4)
    later = text_of(team.post(address, {"source": world.source(devices=2)}))
    assert "It could run, and would wait first." in later
    refused = text_of(team.post(address, {"source": world.source(devices=99)}))
    assert "It would be refused." in refused
    wrong = team.post(address, {"source": "name: x"})
    assert "filing is required" in text_of(wrong)
    assert Job.objects.count() == 1


def test_could_run_command_says_the_same(world: World, tmp_path: Path) -> None:
    world.add_host()
    user = make.make_user(world.team.person)
    path, out = tmp_path / "job.yaml", StringIO()
    path.write_text(world.source())
    call_command("could_run", str(path), "--as", user.email, "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["could_run"], told["starts_now"], told["fitting"]) == (True, True, 4)
    path.write_text(world.source(devices=99))
    with pytest.raises(CommandError, match="refused"):
        call_command("could_run", str(path), "--as", user.email, stdout=StringIO())


def test_officer_proposes_edits_and_decides_a_division(world: World) -> None:
    other = make.make_filing(world.order, applicant=make.make_applicant(), max_devices=8)
    approve(other, officer=world.officer, second=world.second)
    officer, address = signed_in(world.officer), reverse("schedule:supply_order", args=[world.order.pk])
    names = (world.filing.reference, other.reference)
    wishes = {f"least_{names[0]}": 1, f"rank_{names[0]}": 1, f"least_{names[1]}": 1, f"rank_{names[1]}": 2}
    proposed = officer.post(reverse("schedule:propose", args=[world.order.pk]), {"quantity": 3, **wishes})
    assert proposed.status_code == 303
    made = Division.objects.get()
    assert sum(made.shares.values_list("proposed", flat=True)) == 3
    assert made.reference in text_of(officer.get(address))
    decide = reverse("schedule:decide", args=[world.order.pk])
    too_many = officer.post(decide, {names[0]: 3, names[1]: 3, "reason": "Both."})
    assert too_many.status_code == 422
    assert "there are 3" in text_of(too_many)
    assert officer.post(decide, {names[0]: 1, names[1]: 2, "reason": "The second is late."}).status_code == 303
    made.refresh_from_db()
    assert made.decided_at is not None
    assert Entry.objects.get(act="division.decided").facts["shares"] == {names[0]: 1, names[1]: 2}
    world.add_host()
    world.submit()
    second = world.submit()
    assert run_pass() == 1
    assert "filing's limit leaves 0" in Job.objects.get(pk=second.pk).waits_because
