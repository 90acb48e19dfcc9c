"""GP10 wherever an Ascend chip is weighed: on the order's page for whoever reads it, and on the chip's own."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from procurement.catalog.services import load_catalog
from procurement.determinations.gp10 import notice
from procurement.regimes.us_ear.gp10 import named
from tests import factories

pytestmark = pytest.mark.django_db
WORDS = "risks general prohibition ten: US persons take note"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ascend 910C was tried, and ascend 910C again", ("Ascend 910C", "ascend 910C")),
        ("the 昇腾910B", ("昇腾910B",)), ("910 C boards", ("910 C",)), ("Huawei Atlas 900", ("Huawei Atlas 900",)),
        ("Cambricon MLU590, RTX 4090", ()), ("", ()), ("we ascend 3 floors", ("ascend",)),
    ],
)  # fmt: skip
def test_ascend_chips_are_found_by_their_names(text, names):
    assert named(text) == names


def test_notice_stands_from_the_day_of_the_guidance_in_new_york():
    assert notice("Ascend 910C", now=datetime(2025, 5, 13, 3, 59, tzinfo=UTC)) is None
    told = notice("Ascend 910C", now=datetime(2025, 5, 13, 4, 0, tzinfo=UTC))
    assert told["names"] == ("Ascend 910C",)
    assert "guidance only" in told["verify"]
    assert notice("Cambricon MLU590") is None


def page_of(actor, path):
    client = Client()
    client.force_login(factories.make_user(actor.person))
    return client.get(path).content.decode()


@pytest.mark.parametrize("who", ["team", "officer", "liaison"])
def test_order_on_which_one_is_weighed_says_so_to_all_who_read_it(who):
    team = factories.make_applicant()
    order = factories.make_order(applicant=team)
    actor = {"team": team, "officer": factories.make_officer(), "liaison": factories.make_liaison()}[who]
    page = page_of(actor, reverse("orders:detail", args=[order.reference]))
    assert WORDS in page
    assert "Ascend 910C" in page


def test_order_that_weighs_another_chip_says_nothing_of_it():
    order = factories.make_order(domestic_alternatives="Cambricon MLU590 was tried.")
    assert WORDS not in page_of(factories.make_officer(), reverse("orders:detail", args=[order.reference]))


@pytest.mark.parametrize(("slug", "says"), [("ascend-910b1", True), ("h200-sxm", False)])
def test_chip_page_of_an_ascend_says_so(slug, says):
    load_catalog()
    page = page_of(factories.make_auditor(), reverse("catalog:chip", args=[slug]))
    assert (WORDS in page) == says
