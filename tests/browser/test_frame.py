"""The frame of every page: signing in and out, acting for another organisation, colours, menus, a lost connection."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from accounts.roles import Role
from tests.browser.conftest import PHONE, Surfer
from tests.browser.gallery import RELEASE
from tests.browser.inspection import Sheet
from tests.factories import make_actor, make_membership, make_organisation, make_team, make_user

pytestmark = [pytest.mark.chromium, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long pass phrase"


def sign_in(sheet: Sheet, email: str, password: str) -> None:
    """Through the form, as people do."""
    sheet.page.get_by_label("E-mail address").fill(email)
    sheet.page.get_by_label("Password", exact=True).fill(password)
    sheet.page.get_by_role("button", name="Sign in").click()


def test_sign_in_and_out_through_the_form(surf: Surfer) -> None:
    actor = make_actor(Role.OFFICER)
    user = make_user(actor.person)
    sheet = surf.as_visitor().open("/").check()
    sign_in(sheet, user.email, PASSWORD)
    expect(sheet.page.get_by_role("heading", name="Today")).to_be_visible()
    sheet.check()
    sheet.page.locator("summary", has_text=actor.person.name).click()
    sheet.page.get_by_role("button", name="Sign out").click()
    expect(sheet.page.get_by_role("heading", name="Sign in to Writ")).to_be_visible()
    sheet.open("/")
    expect(sheet.page).to_have_url(re.compile(r"/account/login/"))


def test_sign_in_with_a_wrong_password_says_so_and_keeps_the_address(surf: Surfer) -> None:
    user = make_user(make_actor(Role.OFFICER).person)
    sheet = surf.as_visitor(viewport=PHONE, theme="dark").open("/account/login/").check()
    sign_in(sheet, user.email, "a wrong pass phrase")
    expect(sheet.page.get_by_role("alert")).to_be_visible()
    expect(sheet.page.get_by_label("E-mail address")).to_have_value(user.email)
    sheet.check()


@pytest.mark.parametrize(
    "path",
    ["/account/password/change/", "/account/password/reset/", "/account/logout/", "/account/password/reset/done/"],
)
def test_account_page_is_in_the_frame(surf: Surfer, path: str) -> None:
    actor = make_actor(Role.APPLICANT)
    sheet = surf.as_visitor() if "reset" in path else surf.as_actor(actor)
    sheet.open(path).check()
    expect(sheet.page.locator("h1")).to_have_count(1)


def test_password_change_with_a_short_one_says_why(surf: Surfer) -> None:
    actor = make_actor(Role.APPLICANT)
    make_user(actor.person)
    sheet = surf.as_actor(actor).open("/account/password/change/")
    sheet.page.locator("[name=oldpassword]").fill(PASSWORD)
    sheet.page.locator("[name=password1]").fill("short")
    sheet.page.locator("[name=password2]").fill("short")
    sheet.page.get_by_role("button", name="Change password").click()
    expect(sheet.page.get_by_text("at least 12 characters").first).to_be_visible()
    sheet.check()


def test_acting_for_another_organisation_changes_what_the_bar_says(surf: Surfer) -> None:
    actor = make_actor(Role.OFFICER, team=make_team("Compliance", organisation=make_organisation("Yunshan Cloud")))
    make_membership(
        Role.AUDITOR, person=actor.person, team=make_team("Audit", organisation=make_organisation("Meridian Systems"))
    )
    sheet = surf.as_actor(actor).open("/")
    sheet.page.locator("summary", has_text="for Yunshan Cloud").click()
    sheet.check()
    sheet.page.get_by_role("button", name="Meridian Systems").click()
    expect(sheet.page.locator("summary", has_text="for Meridian Systems")).to_be_visible()


def test_theme_button_goes_round_and_is_remembered_before_the_first_paint(surf: Surfer) -> None:
    sheet = surf.as_visitor(theme="dark").open("/account/login/")
    theme = lambda: sheet.page.evaluate("document.documentElement.dataset.bsTheme")  # noqa: E731
    assert theme() == "dark"
    sheet.page.get_by_role("button", name="Colours: as the system").click()
    assert theme() == "light"
    sheet.page.reload(wait_until="commit")
    sheet.page.wait_for_selector("body", state="attached")
    assert theme() == "light"
    sheet.page.get_by_role("button", name="Colours: light").click()
    sheet.page.get_by_role("button", name="Colours: dark").click()
    expect(sheet.page.get_by_role("button", name="Colours: as the system")).to_be_visible()


def test_skip_link_is_the_first_stop_of_the_keyboard(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/")
    sheet.page.keyboard.press("Tab")
    expect(sheet.page.get_by_text("Skip to the content")).to_be_focused()
    sheet.page.keyboard.press("Enter")
    assert sheet.page.evaluate("document.activeElement.id") == "content"


def test_menu_of_a_phone_opens_shuts_and_gives_the_focus_back(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER), viewport=PHONE).open("/")
    today = sheet.page.get_by_role("link", name="Today")
    expect(today).to_be_hidden()
    sheet.page.get_by_label("Menu").click()
    expect(today).to_be_visible()
    sheet.check()
    sheet.page.keyboard.press("Escape")
    expect(today).to_be_hidden()
    expect(sheet.page.get_by_label("Menu")).to_be_focused()


def test_menu_of_a_phone_opens_without_scripts(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER), viewport=PHONE, scripts=False).open("/")
    sheet.page.get_by_label("Menu").click()
    expect(sheet.page.get_by_role("link", name="Today")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere/", 404), ("/gallery/forbidden", 403), ("/gallery/limited", 429)]
)
def test_error_page_says_what_next(surf: Surfer, path: str, status: int) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open(path, status=status).check()
    expect(sheet.page.locator("main a.btn")).to_be_visible()


def test_fault_page_is_drawn_without_database_or_person(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/gallery/fault", status=500).check()
    expect(sheet.page.get_by_text("took effect whole or not at all")).to_be_visible()


def test_lost_connection_says_so_and_keeps_what_was_typed(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/gallery/")
    reason = sheet.page.locator("details.confirm textarea")
    reason.fill("The authority's letter of 3 November")
    sheet.page.context.set_offline(True)
    sheet.page.locator("details.confirm button").click()
    expect(sheet.page.get_by_role("alert").filter(has_text="No connection")).to_be_visible()
    expect(reason).to_have_value("The authority's letter of 3 November")
    sheet.page.context.set_offline(False)
    expect(sheet.page.get_by_text("Connected again.")).to_be_visible()
    sheet.page.reload()
    expect(sheet.page.locator("details.confirm textarea")).to_have_value("The authority's letter of 3 November")


def test_form_that_was_taken_is_empty_the_next_time(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/gallery/")
    sheet.page.locator("details.confirm textarea").fill("done with")
    sheet.page.locator("details.confirm button").click()
    sheet.page.wait_for_load_state()
    sheet.open("/gallery/")
    expect(sheet.page.locator("details.confirm textarea")).to_have_value("")


def test_htmx_request_that_the_server_refuses_says_that_nothing_was_lost(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/gallery/")
    for path, words in (
        ("fault", "could not do this"),
        ("forbidden", "may not do this"),
        ("nowhere", "no longer here"),
    ):
        sheet.page.evaluate(
            "path => htmx.ajax('GET', `/gallery/${path}`, {target: '#messages'}).catch(() => null)", path
        )
        expect(sheet.page.get_by_role("alert").filter(has_text=words)).to_be_visible()


def test_chain_shows_facts_on_focus_and_escape_shuts_them(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/gallery/")
    link = sheet.page.locator(".chain-link.is-broken a")
    facts = sheet.page.locator(".chain-link.is-broken .chain-facts")
    expect(facts).to_be_hidden()
    link.focus()
    expect(facts).to_be_visible()
    sheet.check()
    sheet.page.keyboard.press("Escape")
    expect(facts).to_be_hidden()


def test_list_keys_move_and_open(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/gallery/")
    for key in ("j", "j", "k", "j"):
        sheet.page.keyboard.press(key)
    expect(sheet.page.locator("tr.is-here")).to_contain_text("ORD-2026-00001")
    sheet.page.keyboard.press("o")
    expect(sheet.page).to_have_url(re.compile(r"#ORD-2026-00001$"))
    sheet.page.keyboard.press("/")
    expect(sheet.page.get_by_label("Reference or party")).to_be_focused()
    sheet.page.keyboard.press("j")
    expect(sheet.page.get_by_label("Reference or party")).to_have_value("j")


def test_log_is_searched_and_paused(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/gallery/")
    expect(sheet.page.locator("[data-log-text]")).to_contain_text("step 59")
    sheet.page.get_by_label("Search in the log").fill("step 5")
    expect(sheet.page.get_by_text("11 lines match")).to_be_visible()
    expect(sheet.page.locator("[data-log-text] mark")).to_have_count(11)
    sheet.page.get_by_role("button", name="Pause").click()
    expect(sheet.page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "true")
    sheet.check()


def test_log_that_is_paused_stands_still_until_it_follows_again(surf: Surfer) -> None:
    RELEASE.clear()
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/gallery/?log=held")
    text = sheet.page.locator("[data-log-text]")
    expect(text).to_contain_text("step 1 ")
    sheet.page.get_by_role("button", name="Pause").click()
    RELEASE.set()
    with sheet.page.expect_response(lambda answer: "offset=" in answer.url and "offset=0" not in answer.url):
        pass
    assert "step 59" not in text.inner_text()
    sheet.page.get_by_role("button", name="Follow").click()
    expect(text).to_contain_text("step 59")


def test_chart_has_the_same_figures_as_a_table(surf: Surfer) -> None:
    sheet = surf.as_actor(make_actor(Role.OFFICER)).open("/gallery/")
    sheet.page.get_by_text("The same as a table").click()
    table = sheet.page.locator(".chart table")
    expect(table.locator("th").nth(1)).to_have_text("Loss (nats/byte)")
    expect(table.locator("tbody tr").last).to_contain_text("395")
    sheet.check()
