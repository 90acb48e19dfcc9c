"""Every page that a link leads to, for each role, in a real browser: it answers, is accessible, and is quiet."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from accounts.roles import Role
from tests.browser.conftest import PHONE, Surfer
from tests.browser.inspection import Sheet
from tests.browser.world import make_world

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.timeout(900)]
SHOTS = os.environ.get("WRIT_SHOTS")
IDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z]{3,4}-(T|\d{4})-\d+")
FILES = re.compile(r"format=csv|/documents?/|/download|/evidence|\.(json|csv|yaml|pdf)$|/openapi|/docs")


def links_of(sheet: Sheet) -> list[str]:
    """Where the page leads on this server, without files, parts and sorting."""
    found = sheet.page.eval_on_selector_all("a[href]", "all => all.map(each => each.getAttribute('href'))")
    here = urlsplit(sheet.page.url)
    whole = [urlsplit(urljoin(sheet.page.url, href)) for href in found]
    paths = [each.path + (f"?{each.query}" if each.query else "") for each in whole if each.netloc == here.netloc]
    return [path for path in paths if not FILES.search(path)]


def kind_of(path: str) -> str:
    """The address without ids and without its query: one page of a kind is opened."""
    return IDS.sub("*", path.partition("?")[0])


SAME_FOR_ALL = ("/account/", "/catalog/")
TOLD = re.compile(r"\bhits?\b|possible match|true match|House list|Meridian Fiction|red flag", re.IGNORECASE)


def faults_of(sheet: Sheet, path: str) -> list[str]:
    """What is wrong with one page; empty where it is whole. An applicant is never told of hits, lists or flags."""
    sheet.complaints.clear()
    try:
        sheet.open(path).check()
    except AssertionError as fault:
        return [f"{path}: {fault}"]
    told = TOLD.search(sheet.page.inner_text("main")) if sheet.name == Role.APPLICANT else None
    return [f"{path} tells an applicant: {told.group()}"] if told else []


def walk(sheet: Sheet, start: str) -> list[str]:
    """Opens everything that can be reached, one of each kind, and gives every fault."""
    waiting, kinds, faults = [start], set(), []
    while waiting:
        path = waiting.pop(0)
        kind = kind_of(path)
        if kind in kinds or (sheet.name != Role.OFFICER and kind.startswith(SAME_FOR_ALL)):
            continue
        kinds.add(kind)
        faults += faults_of(sheet, path)
        if SHOTS:
            sheet.shot(Path(SHOTS), re.sub(r"\W+", "-", f"{sheet.name}{kind}".replace("*", "one")))
        waiting += links_of(sheet)
    return faults


@pytest.mark.parametrize("role", list(Role))
def test_every_page_that_a_role_can_reach_is_whole(surf: Surfer, tmp_path: Path, role: Role) -> None:
    world = make_world(tmp_path)
    screen = {"viewport": PHONE, "theme": "dark"} if role in (Role.APPLICANT, Role.LIAISON) else {}
    sheet = surf.as_actor(world.of(role), **screen)
    sheet.name = str(role)
    faults = walk(sheet, "/")
    assert not faults, "\n".join(faults)
