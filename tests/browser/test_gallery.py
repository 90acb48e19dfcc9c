"""Every component, on every screen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.roles import Role
from tests.browser.conftest import DESKTOP, PHONE, Surfer
from tests.factories import make_actor, make_membership, make_organisation, make_team

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("WRIT_SHOTS")


def keep(sheet: object, name: str) -> None:
    """A picture, where WRIT_SHOTS names a folder for it."""
    if SHOTS:
        sheet.shot(Path(SHOTS), name)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("screen", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_components_on_each_screen_are_accessible_and_fit(
    surf: Surfer, screen: str, viewport: dict, theme: str
) -> None:
    team = make_team("Compliance", organisation=make_organisation("Yunshan Cloud 云山云计算有限公司"))
    actor = make_actor(Role.OFFICER, team=team)
    make_membership(Role.AUDITOR, person=actor.person)
    sheet = surf.as_actor(actor, viewport=viewport, theme=theme).open("/gallery/")
    sheet.page.wait_for_selector(".chart canvas")
    expect(sheet.page.locator("[data-log-text]")).to_contain_text("step 59")
    keep(sheet, f"gallery-{screen}-{theme}")
    sheet.check()
