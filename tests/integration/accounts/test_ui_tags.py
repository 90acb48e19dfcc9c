"""The tags that pages are written with."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone

from accounts.actors import Actor
from accounts.roles import Role
from tests import factories


def drawn(source: str, **context: object) -> str:
    """A template's text on one line."""
    text = Template("{% load ui %}" + source).render(Context(context))
    return re.sub(r"\s+", " ", text).strip()


def words(source: str, **context: object) -> str:
    """What a reader reads of it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", drawn(source, **context))).strip()


def test_state_badge_has_icon_word_and_tone() -> None:
    shown = drawn("{% state_badge state %}", state="declined")
    assert 'class="state tone-bad"' in shown
    assert "#circle-x" in shown
    assert words("{% state_badge state %}", state="declined") == "Declined"


def test_state_badge_escapes_what_it_does_not_know() -> None:
    assert "<script>" not in drawn("{% state_badge state %}", state="<script>")


@pytest.mark.parametrize(
    ("ms", "shown"),
    [(None, "–"), (0, "0.0 GPU-seconds"), (359_999, "360.0 GPU-seconds"), (360_000, "0.1 GPU-hours"),
     (3_600_000 * 1234, "1,234.0 GPU-hours")],
)  # fmt: skip
def test_gpu_hours_at_each_boundary(ms: int | None, shown: str) -> None:
    assert words("{{ ms|gpu_hours }}", ms=ms) == shown


@pytest.mark.parametrize(("count", "shown"), [(0, "0 devices"), (1, "1 device"), (1250, "1,250 devices")])
def test_units_agree_with_their_count(count: int, shown: str) -> None:
    assert words('{{ n|units:"device,devices" }}', n=count) == shown


def test_when_is_relative_with_the_exact_time_and_zone_on_hover() -> None:
    at = datetime(2020, 3, 1, 8, 5, tzinfo=UTC)
    shown = drawn("{% when at %}", at=at)
    assert 'title="1 Mar 2020, 08:05:00 UTC"' in shown
    assert 'datetime="2020-03-01T08:05:00+00:00"' in shown
    assert words("{% when at 'exact' %}", at=at) == "1 Mar 2020, 08:05:00 UTC"
    assert words("{% when at %}", at=None) == "–"


def test_clock_that_is_late_says_so_in_words() -> None:
    assert "1 day late" in words("{% clock due %}", due=timezone.now() - timedelta(hours=40))
    assert "Clock stopped" in words("{% clock due stopped=True %}", due=timezone.now())


@pytest.mark.parametrize(("drawn_units", "is_tight"), [(80, False), (81, True)])
def test_balance_bar_warns_over_eighty_percent(drawn_units: int, is_tight: bool) -> None:
    shown = words("{% balance_bar granted=100 drawn=n unit='units' %}", n=drawn_units)
    assert ("Over 80 % used" in shown) is is_tight


def test_chain_names_what_is_broken_first_with_the_page_that_mends_it() -> None:
    links = [
        {"kind": "order", "status": "whole", "reference": "ORD-1", "url": "/orders/"},
        {"kind": "exporter_licence", "status": "broken", "reference": "LIC-1", "reason": "Suspended.", "url": "/mend/"},
    ]
    shown = words("{% chain links %}", links=links)
    assert shown.startswith("Licence, exporter side is broken. Suspended. LIC-1 Mend it")
    assert shown.index("is broken") < shown.index("Order")


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "leads"), [(Role.OFFICER, True), (Role.LIAISON, False)])
def test_chain_leads_only_where_the_role_may_go(role: Role, leads: bool) -> None:
    url = reverse("inventory:devices")
    links = [{"kind": "device", "status": "whole", "reference": "1650", "url": url}]
    actor: Actor = factories.make_actor(role)
    assert (f'href="{url}"' in drawn("{% chain links %}", links=links, actor=actor)) is leads
