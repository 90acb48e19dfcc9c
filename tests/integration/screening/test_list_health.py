"""Fetching from an address, what becomes of deliveries, alerts, and what an old list keeps from going on."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from ledger.errors import InvalidInput, NotPermitted
from procurement.orders.blockers import screening_blockers
from procurement.screening import chores, health
from procurement.screening.fetching import fetch_lists
from procurement.screening.list_services import ListRefused, ListTooSmall, Source, accept_old_list, load_list
from procurement.screening.models import DeliveryOutcome, ListDelivery, ListSnapshot
from tests import factories
from tests.integration.screening.list_shapes import csl, house
from tests.integration.screening.test_pages import signed_in

pytestmark = pytest.mark.django_db


class Server:
    """A server of lists on this machine: what it answers is set by the test."""

    def __init__(self) -> None:
        self.body, self.status, self.announced, self.headers = csl(), 200, -1, {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                length = len(outer.body) if outer.announced < 0 else outer.announced
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/consolidated.csv"


@pytest.fixture
def server(settings) -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    settings.WRIT_LIST_SOURCES = {"csl": made.url}
    yield made
    made.server.shutdown()
    made.server.server_close()


def outcomes() -> list[str]:
    return list(ListDelivery.objects.order_by("came_at", "id").values_list("outcome", flat=True))


def test_list_is_fetched_from_its_address_and_put_in_force(server: Server) -> None:
    server.headers["Last-Modified"] = "Fri, 20 Nov 2026 06:00:00 GMT"
    [fetched] = fetch_lists(actor=None)
    assert fetched.loaded is not None
    snapshot = ListSnapshot.objects.get(is_current=True)
    assert (snapshot.source_code, snapshot.origin, snapshot.entry_count) == ("csl", server.url, 30)
    assert snapshot.published_on.isoformat() == "2026-11-20"
    delivery = ListDelivery.objects.get()
    assert (delivery.outcome, delivery.is_fetched, delivery.added) == (DeliveryOutcome.LOADED, True, 30)


def test_fetched_list_that_is_the_same_confirms_the_one_in_force(server: Server) -> None:
    server.headers["Last-Modified"] = (timezone.now() - timedelta(days=20)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    path_age = [fetch_lists(actor=None)[0], fetch_lists(actor=None)[0]]
    assert [each.loaded.is_new for each in path_age] == [True, False]
    assert outcomes() == [DeliveryOutcome.LOADED, DeliveryOutcome.UNCHANGED]
    [told] = health.list_health()
    assert (told.age_days, told.is_stale) == (0, False)
    [later] = health.list_health(timezone.now().date() + timedelta(days=8))
    assert later.is_stale


@pytest.mark.parametrize("trouble", ["status", "cut", "away", "open line", "moved to an open line"])
def test_list_that_is_not_to_be_had_is_an_alert_until_it_comes(server: Server, settings, trouble: str) -> None:
    fetch_lists(actor=None)
    match trouble:
        case "status":
            server.status = 503
        case "cut":
            server.announced = len(server.body) + 100
        case "away":
            settings.WRIT_LIST_SOURCES = {"csl": "http://127.0.0.1:9/list.csv"}
        case "open line":
            settings.WRIT_LIST_SOURCES = {"csl": "http://lists.example/list.csv"}
        case _:
            server.status, server.headers["Location"] = 302, "http://lists.example/list.csv"
    [fetched] = fetch_lists(actor=None)
    assert fetched.refusal is not None
    [alert] = health.list_alerts()
    assert (alert.source_code, alert.code) == ("csl", "unreachable")
    assert "The list before stays in force." in alert.words
    assert ListSnapshot.objects.get(is_current=True).entry_count == 30
    settings.WRIT_LIST_SOURCES = {"csl": server.url}
    server.status, server.announced = 200, -1
    fetch_lists(actor=None)
    assert not health.list_alerts()


def test_fetched_list_that_shrank_is_refused_with_an_alert(server: Server) -> None:
    fetch_lists(actor=None)
    server.body = b"\n".join(csl().split(b"\n")[:20]) + b"\n"
    [fetched] = fetch_lists(actor=None)
    assert isinstance(fetched.refusal, ListTooSmall)
    assert [alert.code for alert in health.list_alerts()] == ["suspiciously_smaller"]


def test_lists_fetch_at_the_command_line_tells_each_and_exits_3_where_one_failed(server: Server) -> None:
    out = StringIO()
    call_command("lists", "fetch", stdout=out)
    assert "30 parties" in out.getvalue()
    server.status = 500
    with pytest.raises(CommandError) as refusal:
        call_command("lists", "fetch", stdout=out)
    assert refusal.value.returncode == 3
    with pytest.raises(CommandError, match="No address is set for 'nowhere'") as refusal:
        call_command("lists", "fetch", "--source", "nowhere", stdout=out)
    assert refusal.value.returncode == 2


def test_fetch_by_an_applicant_is_refused(server: Server) -> None:
    with pytest.raises(NotPermitted):
        fetch_lists(actor=factories.make_actor(Role.APPLICANT))


def test_source_is_due_when_it_was_fetched_long_ago_or_failed_an_hour_ago(server: Server, settings) -> None:
    settings.WRIT_LISTS_FETCH_EVERY_H = 0
    assert chores.due_sources() == []
    settings.WRIT_LISTS_FETCH_EVERY_H = 24
    assert chores.due_sources() == ["csl"]
    fetch_lists(actor=None)
    now = timezone.now()
    assert chores.due_sources(now + timedelta(hours=23)) == []
    assert chores.due_sources(now + timedelta(hours=25)) == ["csl"]
    server.status = 500
    with transaction.atomic():
        fetch_lists(actor=None)
    assert chores.due_sources(now + timedelta(minutes=30)) == []
    assert chores.due_sources(now + timedelta(minutes=90)) == ["csl"]


def test_work_that_waits_is_done_by_one_process(server: Server, settings) -> None:
    settings.WRIT_LISTS_FETCH_EVERY_H = 24
    assert chores.has_work()
    assert chores.work() == 1
    assert ListSnapshot.objects.filter(is_current=True).count() == 1
    assert not chores.has_work()
    assert chores.work() == 0


def test_list_dated_in_the_future_would_never_grow_old_and_is_refused(tmp_path) -> None:
    path = tmp_path / "house.csv"
    path.write_bytes(house())
    ahead = timezone.now().date() + timedelta(days=3)
    with pytest.raises(ListRefused, match="in the future"):
        load_list(actor=None, file=path, source=Source(published_on=ahead))


def test_older_list_does_not_replace_a_newer_one_unless_confirmed(tmp_path) -> None:
    path, today = tmp_path / "csl.csv", timezone.now().date()
    path.write_bytes(csl())
    load_list(actor=None, file=path, source=Source(published_on=today))
    path.write_bytes(csl().replace(b"Invented Street", b"Invented Road"))
    told = Source(published_on=today - timedelta(days=1))
    with pytest.raises(ListTooSmall, match="an older one does not replace it"):
        load_list(actor=None, file=path, source=told)
    assert load_list(actor=None, file=path, source=told, is_drop_confirmed=True).changed == 30


def test_list_that_lost_names_is_refused_though_every_entry_is_there(tmp_path) -> None:
    path = tmp_path / "csl.csv"
    path.write_bytes(csl())
    load_list(actor=None, file=path)
    path.write_bytes(re.sub(rb",Fab 1\d?", b",", csl()))
    with pytest.raises(ListTooSmall, match="names in force"):
        load_list(actor=None, file=path)


def test_list_whose_entries_were_exchanged_is_refused_though_it_is_as_long(tmp_path) -> None:
    path = tmp_path / "house.csv"
    path.write_bytes(house())
    load_list(actor=None, file=path)
    path.write_bytes(house().replace(b"Invented House 1", b"Exchanged House 1"))
    with pytest.raises(ListTooSmall, match="Of 30 entries in force, 11 are gone"):
        load_list(actor=None, file=path)


def old_list(tmp_path, days: int = 8) -> ListSnapshot:
    path = tmp_path / "csl.csv"
    path.write_bytes(csl())
    return load_list(
        actor=None, file=path, source=Source(published_on=timezone.now().date() - timedelta(days=days))
    ).snapshot


def test_old_list_keeps_an_order_waiting_until_an_officer_lets_it_go_on(tmp_path, officer) -> None:
    order = factories.make_order(state="in_review")
    assert old_list(tmp_path, days=7)
    assert not screening_blockers(order)
    ListSnapshot.objects.update(is_current=False)
    load_list(actor=None, file=_newer(tmp_path), source=Source(published_on=timezone.now().date() - timedelta(days=8)))
    [blocker] = screening_blockers(order)
    assert "8 days old" in blocker.text
    assert blocker.url == reverse("screening:lists")
    snapshot = ListSnapshot.objects.get(is_current=True)
    until = timezone.now().date() + timedelta(days=5)
    accept_old_list(actor=officer, snapshot=snapshot, until=until, reason="The source is away until Friday.")
    assert not screening_blockers(order)
    assert [each.is_blocking for each in health.list_health(until + timedelta(days=1))] == [True]


def _newer(tmp_path):
    path = tmp_path / "newer.csv"
    path.write_bytes(csl().replace(b"Invented Street", b"Invented Lane"))
    return path


@pytest.mark.parametrize(("days", "reason"), [(-1, "A good reason."), (31, "A good reason."), (5, "short")])
def test_acceptance_without_reason_or_for_too_long_is_refused(tmp_path, officer, days: int, reason: str) -> None:
    until = timezone.now().date() + timedelta(days=days)
    with pytest.raises(InvalidInput):
        accept_old_list(actor=officer, snapshot=old_list(tmp_path), until=until, reason=reason)


def test_acceptance_and_delivery_only_take_new_rows(tmp_path, officer) -> None:
    snapshot = old_list(tmp_path)
    today = timezone.now().date()
    accepted = accept_old_list(actor=officer, snapshot=snapshot, until=today, reason="The source is away.")
    for row in (accepted, ListDelivery.objects.get()):
        with pytest.raises(DatabaseError), transaction.atomic():
            type(row).objects.filter(pk=row.pk).delete()


def test_lists_page_shows_alert_delivery_and_the_officers_word(tmp_path, officer) -> None:
    snapshot = old_list(tmp_path)
    broken = tmp_path / "broken.csv"
    broken.write_bytes(csl()[:-20])
    with pytest.raises(ListRefused):
        load_list(actor=None, file=broken)
    client, address = signed_in(officer), reverse("screening:lists")
    text = client.get(address).content.decode()
    assert "looks cut off" in text
    assert "Refused" in text
    accept = reverse("screening:accept_old", args=[snapshot.pk])
    assert client.post(accept, {"until": "", "reason": "The source is away."}).status_code == 422
    until = timezone.now().date().isoformat()
    assert client.post(accept, {"until": until, "reason": "The source is away."}).status_code == 303
    assert "accepted by" in client.get(address).content.decode()
