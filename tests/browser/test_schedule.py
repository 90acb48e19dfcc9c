"""The schedule in a real browser, on a desk and on a phone: the chart is drawn, and every page is whole."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from allocation.scheduler import division, policy
from allocation.scheduler.models import Priority
from allocation.scheduler.passes import run_pass
from procurement.licences.models import LicenceLine
from tests import factories as make
from tests.browser.conftest import PHONE
from tests.integration.allocation.worlds import World, approve, make_world

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHOTS = os.environ.get("WRIT_SHOTS")
SCREENS = pytest.mark.parametrize("screen", [{}, {"viewport": PHONE, "theme": "dark"}], ids=["desk", "phone"])


@pytest.fixture
def busy(settings, tmp_path) -> World:
    """Two hosts, three running jobs, two that wait, a quota, a weight, a booking, a cap and a proposed division."""
    settings.WRIT_KEYS = tmp_path
    world = make_world(Client(), devices=8)
    type(world.filing).objects.filter(pk=world.filing.pk).update(max_devices=12)
    first, second = world.add_host(world.serials[:4]), world.add_host(world.serials[4:])
    other = make.make_filing(world.order, applicant=make.make_applicant(), max_devices=8)
    approve(other, officer=world.officer, second=world.second)
    for devices, limit in ((4, "4h"), (2, "1h"), (2, "40m")):
        _run(world, devices, limit, first, second)
    world.submit(devices=4, limit="2h")
    urgent = world.submit(devices=2, limit="1h")
    operator = world.operator
    policy.prioritise_job(actor=operator, job_id=urgent.pk, priority=Priority.URGENT, reason="Deadline.")
    words = policy.QuotaWords(world.team.team, world.filing.chip, "labs", 4)
    policy.set_quota(actor=operator, words=words)
    policy.set_weight(actor=operator, account=world.team.team.organisation, weight=2)
    start = timezone.now() + timedelta(hours=6)
    booked = policy.BookingWords(other, [second.row], start, start + timedelta(hours=3), "Acceptance run.")
    policy.book_hosts(actor=operator, words=booked)
    line = LicenceLine.objects.get(licence=world.exporter)
    LicenceLine.objects.filter(pk=line.pk).update(use_until=timezone.now().date() + timedelta(days=1))
    policy.cap_line(actor=world.officer, line_id=line.pk, per_job=4, at_once=8, basis="Condition 4 of the licence.")
    wishes = [division.Wish(world.filing, 2, 1), division.Wish(other, 1, 2)]
    division.propose_division(
        actor=world.officer, order_id=world.order.pk, chip=world.filing.chip, quantity=6, wishes=wishes
    )
    run_pass()
    return world


def _run(world, devices, limit, *hosts):
    attempt = world.place(devices=devices, limit=limit)
    lead = str(attempt.hosts.get(rank=0).host_id)
    next(host for host in hosts if host.id == lead).claim(attempt)


def shoot(sheet, name, screen):
    sheet.check()
    if SHOTS:
        sheet.shot(Path(SHOTS), f"schedule-{name}-{len(screen)}")


@SCREENS
def test_pages_of_the_schedule_are_whole(surf, screen, busy):
    sheet = surf.as_actor(busy.operator, **screen)
    for name in ("queue", "shares", "bookings", "caps", "what_if", "supply", "rules"):
        shoot(sheet.open(reverse(f"schedule:{name}")), name, screen)
    asked = f"{reverse('schedule:what_if')}?ask=licence&licence={busy.exporter.pk}"
    shoot(sheet.open(asked), "what-if-asked", screen)
    officer = surf.as_actor(busy.officer, **screen)
    shoot(officer.open(reverse("schedule:supply_order", args=[busy.order.pk])), "supply-order", screen)


@SCREENS
def test_capacity_is_drawn_with_bars_and_the_licences_end(surf, screen, busy):
    sheet = surf.as_actor(busy.operator, **screen).open(reverse("schedule:capacity"))
    sheet.page.wait_for_selector("[data-drawn=yes] canvas")
    shoot(sheet, "capacity", screen)


@SCREENS
def test_team_asks_whether_a_job_could_run_without_leaving_the_page(surf, screen, busy):
    sheet = surf.as_actor(busy.team, **screen).open(reverse("jobs:submit"))
    sheet.page.get_by_role("button", name="Could this run").click()
    sheet.page.get_by_text("Nothing was submitted").wait_for()
    shoot(sheet, "could-run", screen)
