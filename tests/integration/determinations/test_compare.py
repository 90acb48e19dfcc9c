"""Two days side by side: on the page, at the command line and in the API; what differs is marked on both sides."""

import io
import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from procurement.determinations.models import AdHocDetermination
from procurement.determinations.services import determine_order
from tests import factories
from tests.integration.determinations.test_doors import with_token
from tests.integration.determinations.test_pages import NOW, QUESTION, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return signed_in("officer")


@pytest.fixture
def order():
    made = factories.make_order()
    determine_order(actor=factories.make_officer(), order=made, now=NOW)
    return made


def compared(client, order, **days):
    return client.get(reverse("determinations:compare", args=[order.pk]), days)


def test_days_across_the_lane_of_2026_show_the_policy_turn_and_both_trees(officer, order):
    page = compared(officer, order, on="2026-01-14", against="2026-01-15").content.decode()
    assert "14 Jan 2026" in page
    assert "15 Jan 2026" in page
    assert page.count("Only on this side") >= 2
    assert "Reason gained: Every gate of 91 FR 1684 holds" in page
    assert re.search(r"Between them the law encoded here changes on\s+.*15 Jan 2026", page)


def test_two_days_under_one_law_differ_in_nothing(officer, order):
    page = compared(officer, order, on="2026-02-02", against="2026-02-03").content.decode()
    assert "Between them no rule encoded here changes" in page
    assert "Only on this side" not in page


def test_page_without_days_takes_the_determination_and_the_last_change_before_it(officer, order):
    answer = compared(officer, order)
    assert answer.status_code == 200
    assert 'value="2026-11-22"' in answer.content.decode()


@pytest.mark.parametrize("days", [{"on": "soon", "against": "2026-01-15"}, {"on": "2026-01-15"}])
def test_days_that_are_no_dates_are_shown_again_with_422(officer, order, days):
    answer = compared(officer, order, **days)
    assert answer.status_code == 422
    assert days["on"] in answer.content.decode()


def test_day_before_every_book_is_undetermined_not_an_error(officer, order):
    page = compared(officer, order, on="2019-01-01", against="2026-11-22").content.decode()
    assert "none is held for 2019-01-01" in page


def test_order_without_a_determination_says_so(officer):
    page = compared(officer, factories.make_order(), on="2026-01-14", against="2026-01-15").content.decode()
    assert "There is no determination to compare yet" in page


def test_question_by_hand_is_compared_on_its_own_page(officer):
    officer.post(reverse("determinations:ask"), QUESTION)
    row = AdHocDetermination.objects.get()
    url = reverse("determinations:compare_asked", args=[row.pk])
    page = officer.get(url, {"on": "2023-11-16", "against": "2023-11-17"}).content.decode()
    assert "3A090.a" in page
    assert "NVIDIA H200 SXM" in page
    assert url in officer.get(reverse("determinations:answer", args=[row.pk])).content.decode()


def test_command_against_another_day_prints_both_and_what_differs():
    out = io.StringIO()
    asked = ("--chip", "h200-sxm", "--to", "CN", "--end-user-hq", "CN", "--on", "2026-01-14")
    call_command("determine", *asked, "--against", "2026-01-15", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["on"]["on"], told["against"]["on"]) == ("2026-01-14", "2026-01-15")
    assert told["differences"]["us_ear"]["review_policy"] == {"before": "denial", "after": "case_by_case"}
    assert AdHocDetermination.objects.count() == 2
    words = io.StringIO()
    call_command("determine", *asked, "--against", "2026-01-15", stdout=words)
    assert "review policy: denial -> case by case" in words.getvalue()


@pytest.mark.parametrize("options", [("--against", "soon"), ("--against", "2026-01-15", "--batch", "-")])
def test_command_against_no_day_or_with_a_batch_exits_2(options):
    with pytest.raises(CommandError) as fault:
        call_command("determine", "--chip", "t4", "--to", "DE", *options)
    assert fault.value.returncode == 2


def test_api_compares_an_order_and_a_question(client, order):
    headers = with_token()
    url = reverse("api:compare_order", args=[order.pk])
    found = client.get(url, {"on": "2026-01-14", "against": "2026-01-15"}, headers=headers).json()
    us = next(each for each in found if each["regime"] == "us_ear")
    assert us["differences"]["review_policy"] == {"before": "denial", "after": "case_by_case"}
    assert us["against"]["on"] == "2026-01-15"
    asked = {"ask": {"chip": "h200-sxm", "to": "CN", "end_user_hq": "CN", "on": "2026-01-14"}, "purpose": "a test"}
    said = {**asked, "against": "2026-01-15"}
    told = client.post(reverse("api:compare"), said, content_type="application/json", headers=headers)
    assert told.json()["differences"]["us_ear"]["review_policy"]["after"] == "case_by_case"
