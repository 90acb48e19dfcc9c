"""A list of three times the rows asks the database no more questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actors import Actor
from allocation.jobs.models import Job
from ledger.models import Entry
from procurement.filings.models import Filing
from procurement.licences.models import Side
from procurement.parties.models import Party
from procurement.review import services as review
from procurement.review.models import Case
from procurement.review.states import CaseKind
from procurement.screening.list_services import Source, load_list
from procurement.screening.loaders import house_csv
from procurement.screening.services import screen_party
from tests import factories as make
from tests.browsing import signed_in
from tests.integration.allocation.worlds import make_world

pytestmark = pytest.mark.django_db
ROWS = 2
AddRow = Callable[[], object]


@pytest.fixture(autouse=True)
def own_keys(settings: Any, tmp_path: Path) -> None:
    settings.WRIT_KEYS = tmp_path / "keys"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[str]:
    """Names of a list that is loaded."""
    names = ["Walrus Cartography", "Basalt Kilns", "Zephyr Orchards", "Quixote Foundry", "Umber Fjord", "Ivory Looms"]
    path = tmp_path / "house.csv"
    path.write_text(",".join(house_csv.COLUMNS) + "\n" + "".join(f"{n},,SG,entity,review,Made up.\n" for n in names))
    load_list(actor=None, file=path, source=Source(is_fictional=True))
    return iter(names)


def open_case() -> Case:
    """A case of an order, of a team of its own."""
    order = make.make_order(state="in_review")
    matter = review.Matter(kind=CaseKind.ORDER, title="An order", order=order)
    return review.open_case(actor=Actor(order.applicant), matter=matter, applicant=order.applicant)


def claimed_case() -> Case:
    return review.claim_case(actor=make.make_officer(), case_id=open_case().pk)


def order_with_all() -> None:
    """An order with a case, licences and received units."""
    order = open_case().order
    assert order is not None
    exporter, importer = make.make_both_licences(order)
    make.make_receipt(order, [f"Q-{make.number()}"], exporter=exporter, importer=importer)


def job_with_host() -> Job:
    """A waiting job of a world of its own, with two devices on an enrolled host."""
    world = make_world(Client(), devices=2)
    world.add_host()
    return world.submit()


def placed_job() -> None:
    world = make_world(Client(), devices=2)
    world.add_host()
    world.place()


def filing_with_people() -> Filing:
    filing = make.make_filing()
    filing.remote_users.create(party=make.make_party(), purpose="Reads the results.")
    return filing


def questions(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert answer.status_code == 200
    return [query["sql"] for query in asked.captured_queries]


def assert_rows_ask_nothing(client: Client, address: str, add: AddRow, row: str = "data-row") -> None:
    """The page of N rows and that of 3N rows take the same number of queries; both really list the rows."""
    for _ in range(ROWS):
        add()
    client.get(address)
    few, shown = questions(client, address), client.get(address).content.decode().count(row)
    for _ in range(2 * ROWS):
        add()
    many, shown_then = questions(client, address), client.get(address).content.decode().count(row)
    assert (shown >= ROWS, shown_then - shown >= 2 * ROWS) == (True, True), (shown, shown_then)
    assert len(many) == len(few), "\n".join(many)


PAGES: dict[str, tuple[str, AddRow]] = {
    "review, open": ("review:queue", open_case),
    "review, claimed": ("review:queue", claimed_case),
    "orders": ("orders:list", order_with_all),
    "filings": ("filings:list", filing_with_people),
    "licences": ("licences:list", lambda: make.make_licence(Side.EXPORTER, make.make_order())),
    "devices": ("inventory:devices", placed_job),
    "jobs": ("jobs:list", job_with_host),
    "jobs, placed": ("jobs:list", placed_job),
    "ledger": ("ledger:browse", open_case),
}


@pytest.mark.parametrize("page", PAGES)
def test_list_of_three_times_the_rows_takes_the_same_queries(page: str) -> None:
    name, add = PAGES[page]
    assert_rows_ask_nothing(signed_in(make.make_officer()), reverse(name), add)


def test_screening_queue_of_three_times_the_hits_takes_the_same_queries(house: Iterator[str]) -> None:
    officer = make.make_officer()

    def add_hit() -> Party:
        party = make.make_party(next(house))
        screen_party(actor=officer, party=party, purpose="test")
        assert party.hits.count() == 1
        return party

    assert_rows_ask_nothing(signed_in(officer), reverse("screening:queue"), add_hit)


def test_own_lists_of_three_times_the_rows_take_the_same_queries() -> None:
    applicant = make.make_applicant()
    client = signed_in(applicant)
    assert_rows_ask_nothing(client, reverse("orders:list"), lambda: make.make_order(applicant=applicant))
    order = make.make_order(applicant=applicant)
    assert_rows_ask_nothing(client, reverse("filings:list"), lambda: make.make_filing(order))


def test_ledger_of_three_times_the_people_takes_the_same_queries() -> None:
    client = signed_in(make.make_auditor())
    assert_rows_ask_nothing(client, reverse("ledger:browse"), claimed_case)
    assert Entry.objects.values("actor").distinct().count() > ROWS
