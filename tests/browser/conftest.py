"""A real Chromium, a real server, and people who are signed in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from accounts.actors import Actor
from accounts.middleware import SESSION_KEY as MEMBERSHIP_KEY
from accounts.models import User
from tests import needs
from tests.browser.inspection import Sheet

expect.set_options(timeout=30_000)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, for the tests of one file; its event loop ends with them."""
    needs.need_chromium()
    # Playwright runs a loop in this thread. While it runs, Django takes plain code for an async view and keeps
    # connections of its own for it: one left open from before would outlive the clone that these tests replace.
    connections.close_all()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]
        browser = playwright.chromium.launch(executable_path=needs.chromium_path(), args=flags)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Surfer:
    """Opens pages of the live server as somebody, on some screen."""

    browser: Browser
    base_url: str
    contexts: list[BrowserContext]

    def as_visitor(
        self, *, viewport: dict[str, int] | None = None, theme: str = "light", scripts: bool = True
    ) -> Sheet:
        """A page of nobody's."""
        context = self.browser.new_context(
            base_url=self.base_url, viewport=viewport or DESKTOP, color_scheme=theme, locale="en-GB",
            timezone_id="UTC", reduced_motion="reduce", java_script_enabled=scripts,
        )  # fmt: skip
        context.set_default_timeout(30_000)
        self.contexts.append(context)
        return Sheet(context.new_page())

    def as_actor(self, actor: Actor, **screen: object) -> Sheet:
        """A page of somebody who is signed in and acts by ``actor.membership``."""
        sheet = self.as_visitor(**screen)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": _session(actor), "url": self.base_url}
        sheet.page.context.add_cookies([cookie])
        return sheet


@pytest.fixture
def surf(chromium: Browser, live_server: object) -> Iterator[Surfer]:
    """``surf.as_actor(actor).open("/orders/")`` and ``surf.as_visitor()``."""
    surfer = Surfer(chromium, live_server.url, [])
    yield surfer
    for context in surfer.contexts:
        context.close()


@pytest.fixture(autouse=True)
def gallery_templates(settings: object) -> None:
    """Templates of these tests stand beside the real ones; the address of the gallery too."""
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], Path(__file__).parent / "templates"]}]
    settings.ROOT_URLCONF = "tests.browser.gallery"


def _session(actor: Actor) -> str:
    user = actor.person.accounts.first() or User.objects.create_user(
        email=f"{actor.person.pk}@example.test", person=actor.person, password="a long enough one"
    )
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[MEMBERSHIP_KEY] = str(actor.membership.pk)
    session.create()
    return str(session.session_key)
