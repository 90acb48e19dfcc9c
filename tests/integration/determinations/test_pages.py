"""Pages of chips and determinations: what they show, and to whom."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from ledger.ids import uuid7
from procurement.catalog.services import load_catalog
from procurement.determinations.models import AdHocDetermination
from procurement.determinations.services import determine_order
from procurement.regimes import rule_set
from tests import factories

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def signed_in(role):
    membership = factories.make_membership(role)
    client = Client()
    client.force_login(factories.make_user(membership.person))
    return client


@pytest.fixture
def officer():
    return signed_in("officer")


@pytest.fixture
def order():
    made = factories.make_order()
    determine_order(actor=factories.make_officer(), order=made, now=NOW)
    return made


def test_catalogue_lists_chips_with_figures_and_estimates(officer):
    load_catalog()
    page = officer.get(reverse("catalog:list")).content.decode()
    assert "NVIDIA H200 SXM" in page
    assert "15,832" in page
    assert "With estimates" in page


def test_catalogue_queries_do_not_grow_with_chips(officer, django_assert_max_num_queries):
    load_catalog()
    with django_assert_max_num_queries(20):
        officer.get(reverse("catalog:list"))


def test_chip_page_marks_estimates_and_shows_the_source(officer):
    load_catalog()
    page = officer.get(reverse("catalog:chip", args=["b200"])).content.decode()
    assert "Some figures are estimates" in page
    assert "Epoch AI" in page
    assert officer.get(reverse("catalog:chip", args=["no-such-chip"])).status_code == 404


def test_order_page_shows_tree_citations_and_what_is_unverified(officer, order):
    page = officer.get(reverse("determinations:of_order", args=[order.pk])).content.decode()
    assert "Certifications to gather" in page
    assert "https://www.federalregister.gov/citation/91-FR-1684" in page
    assert "Not verified" in page
    assert "How it was reached" in page


def test_order_page_shows_the_standing_days_and_source_of_each_rule(officer, order):
    page = officer.get(reverse("determinations:of_order", args=[order.pk])).content.decode()
    row = order.determinations.get(regime="us_ear")
    assert all(name in page for name in row.rule_versions)
    assert "In force from 15 Jan 2026. Held: secondary source" in page
    assert "Codified not enforced from 13 May 2025" in page
    assert "Guidance from" in page


def test_order_page_asked_by_htmx_is_the_part_alone(officer, order):
    answer = officer.get(reverse("determinations:of_order", args=[order.pk]), headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert "How it was reached" in answer.content.decode()


def test_detail_page_says_that_it_replays(officer, order):
    row = order.determinations.get(regime="us_ear")
    page = officer.get(reverse("determinations:detail", args=[row.pk])).content.decode()
    assert "Replayed just now" in page


def test_detail_page_under_another_present_set_replays_by_the_kept_one_and_shows_what_would_change(
    officer, order, tmp_path, settings
):
    text = rule_set.own().texts()["us_ear/parameters.yaml"]
    (tmp_path / "us_ear").mkdir()
    (tmp_path / "us_ear" / "parameters.yaml").write_text(text.replace("value: 21000,", "value: 15000,"))
    settings.WRIT_RULES = str(tmp_path)
    row = order.determinations.get(regime="us_ear")
    page = officer.get(reverse("determinations:detail", args=[row.pk])).content.decode()
    assert "Replayed just now under the rule set it was made with" in page
    assert "Reason gained: Outside the lane of 91 FR 1684" in page
    assert "What the present rule set says" in page


def test_detail_page_of_a_row_that_was_altered_says_so(officer, order):
    row = order.determinations.get(regime="us_ear")
    order.determinations.update(superseded_at=NOW)
    row.pk, row.result_sha256, row._state.adding = uuid7(), "0" * 64, True
    row.save()
    page = officer.get(reverse("determinations:detail", args=[row.pk])).content.decode()
    assert "what is stored here was changed" in page
    assert "The present rule set is the one it was made with" in page


def test_chip_page_names_the_entry_alone_and_inside_a_server(officer):
    load_catalog()
    page = officer.get(reverse("catalog:chip", args=["h200-sxm"])).content.decode()
    assert "3A090.a" in page
    assert "4A090.a" in page
    assert "5A992.z.1" in page
    assert "In none of the entries" in officer.get(reverse("catalog:chip", args=["t4"])).content.decode()


@pytest.mark.parametrize(
    ("role", "status"), [("officer", 200), ("auditor", 200), ("applicant", 403), ("operator", 403)]
)
def test_determinations_are_for_those_who_see_reviews(role, status, order):
    assert signed_in(role).get(reverse("determinations:of_order", args=[order.pk])).status_code == status


def test_determine_again_by_a_post_supersedes(officer, order):
    answer = officer.post(reverse("determinations:again", args=[order.pk]))
    assert answer.status_code == 303
    assert order.determinations.filter(superseded_at=None).count() == 2
    assert order.determinations.exclude(superseded_at=None).count() == 2


QUESTION = {"purpose": "asked by a customer", "chip": "h200-sxm", "to": "CN", "origin": "US", "end_user_hq": "CN"}


def test_question_by_hand_is_logged_and_answered_on_its_page(officer):
    answer = officer.post(reverse("determinations:ask"), QUESTION, follow=True)
    assert answer.redirect_chain[0][1] == 303
    row = AdHocDetermination.objects.get()
    assert row.purpose == "asked by a customer"
    assert row.membership is not None
    assert "91 FR 1684" in answer.content.decode()


@pytest.mark.parametrize(
    "broken", [{"purpose": ""}, {"chip": "H200"}, {"to": ""}, {"state_funding": "101"}, {"on": "x"}]
)
def test_question_that_does_not_fit_is_shown_again_with_422(officer, broken):
    answer = officer.post(reverse("determinations:ask"), {**QUESTION, "exporter": "Harbour Systems", **broken})
    assert answer.status_code == 422
    assert "Harbour Systems" in answer.content.decode()
    assert not AdHocDetermination.objects.exists()


def test_question_page_shows_what_was_asked_lately(officer):
    officer.post(reverse("determinations:ask"), QUESTION)
    assert "asked by a customer" in officer.get(reverse("determinations:ask")).content.decode()


@pytest.mark.parametrize("role", ["applicant", "auditor", "operator", "liaison"])
def test_question_by_hand_is_for_officers(role):
    assert signed_in(role).get(reverse("determinations:ask")).status_code == 403
