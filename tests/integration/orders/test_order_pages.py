"""Orders on pages: by the web client, as each role."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from procurement.orders.models import DemandAssessment, Order, PartyRole
from procurement.orders.services import stop_order
from procurement.orders.states import OrderState
from procurement.parties.models import Party, Site
from procurement.screening.models import ListSnapshot
from tests import factories as make

pytestmark = pytest.mark.django_db
SignedIn = Callable[[Actor], Client]
EMPTY_ROWS = {"TOTAL_FORMS": "2", "INITIAL_FORMS": "0"}


@pytest.fixture
def signed_in() -> SignedIn:
    """A browser in which somebody has signed in."""

    def sign_in(actor: Actor) -> Client:
        client = Client()
        client.force_login(make.make_user(actor.person))
        return client

    return sign_in


@pytest.fixture
def applicant() -> Actor:
    return make.make_applicant()


@pytest.fixture
def draft(applicant: Actor) -> Order:
    return make.make_order(applicant=applicant, state=OrderState.DRAFT)


def rows(prefix: str, *values: dict[str, Any]) -> dict[str, Any]:
    """A formset as a browser posts it."""
    posted: dict[str, Any] = {f"{prefix}-TOTAL_FORMS": len(values), f"{prefix}-INITIAL_FORMS": 0}
    for index, row in enumerate(values):
        posted |= {f"{prefix}-{index}-{name}": value for name, value in row.items()}
    return posted


def test_demand_then_order_then_sections_then_hand_in(signed_in: SignedIn, applicant: Actor) -> None:
    client, chip, site = signed_in(applicant), make.make_chip(), make.make_site()
    ListSnapshot.objects.create(
        source_code="HOUSE", title="House", published_on=make.today(), sha256="0" * 64, entry_count=0, name_count=0
    )
    demand = {"chip": chip.pk, "quantity": 8, "needed_from": "2026-12-01", "needed_until": "2027-12-01", "purpose": "T"}
    assert client.post(reverse("orders:demand_new"), demand).status_code == 303
    stated = DemandAssessment.objects.get(team=applicant.team)
    begun = client.post(reverse("orders:new"), {"demand": stated.pk, "site": site.pk, "end_use": "training"})
    order = Order.objects.get(team=applicant.team)
    edit = reverse("orders:edit", args=[order.reference])
    assert (begun.status_code, begun["Location"]) == (303, edit)
    party = {"name": "Supplier Inc.", "kind": "company", "country": "us", "hq_country": "US", "buyer_class": "private"}
    registered = client.post(reverse("parties:new") + f"?next={edit}", party)
    assert (registered.status_code, registered["Location"]) == (303, edit)
    supplier = Party.objects.get(name="Supplier Inc.")
    assert (supplier.country, supplier.team) == ("US", applicant.team)
    named = [{"party": supplier.pk, "role": PartyRole.EXPORTER}] + [
        {"party": site.operator_id, "role": role}
        for role in (PartyRole.PURCHASER, PartyRole.ULTIMATE_CONSIGNEE, PartyRole.END_USER)
    ]
    sections = [
        {"section": "chips", "has_encryption": "no", **rows("lines", {"chip": chip.pk, "quantity": 8})},
        {"section": "parties", **rows("parties", *named)},
        {"section": "use-case", "end_use": "training", "use_case": "Trains models."},
        {"section": "domestic", "domestic_alternatives": "Ascend 910C lacks operators."},
    ]
    for posted in sections:
        assert client.post(edit, posted).status_code == 303, posted["section"]
    page = client.get(edit).content.decode()
    assert page.count("Done") == 6
    assert client.post(reverse("orders:submit", args=[order.reference])).status_code == 303
    assert Order.objects.get(pk=order.pk).state == OrderState.IN_REVIEW
    assert client.get(reverse("orders:detail", args=[order.reference])).status_code == 200
    assert client.get(edit).status_code == 303


def test_section_that_does_not_fit_is_shown_again_with_everything_typed(
    signed_in: SignedIn, applicant: Actor, draft: Order
) -> None:
    posted = {"section": "site", "site": draft.site_id, "ship_from_country": "U5", "via_country": "SG"}
    answer = signed_in(applicant).post(reverse("orders:edit", args=[draft.reference]), posted)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="U5"' in page
    assert 'value="SG"' in page
    assert "U5 is not a country code of ISO 3166" in page


def test_section_saved_as_typed_answers_with_the_task_list(signed_in: SignedIn, applicant: Actor, draft: Order) -> None:
    client, edit = signed_in(applicant), reverse("orders:edit", args=[draft.reference])
    posted = {"section": "use-case", "end_use": "training", "use_case": ""}
    saved = client.post(edit, posted, headers={"HX-Request": "true"}).content.decode()
    assert "The use case is not described yet." in saved
    assert "Saved as typed." in saved
    assert "<html" not in saved
    wrong = client.post(edit, {"section": "use-case", "end_use": "nonsense"}, headers={"HX-Request": "true"})
    assert "Not saved yet:" in wrong.content.decode()


def test_line_with_a_chip_and_no_number_is_said_on_its_row(signed_in: SignedIn, applicant: Actor, draft: Order) -> None:
    posted = {"section": "chips", **rows("lines", {"chip": make.make_chip().pk})}
    answer = signed_in(applicant).post(reverse("orders:edit", args=[draft.reference]), posted)
    assert answer.status_code == 422
    assert "A line needs both: the chip, and how many." in answer.content.decode()
    assert draft.lines.get().quantity == 8


def test_hand_in_with_gaps_names_them_on_the_page(signed_in: SignedIn, applicant: Actor, draft: Order) -> None:
    Order.objects.filter(pk=draft.pk).update(use_case="")
    client = signed_in(applicant)
    answer = client.post(reverse("orders:submit", args=[draft.reference]), follow=True)
    assert "The use case is not described yet." in answer.content.decode()
    assert Order.objects.get(pk=draft.pk).state == OrderState.DRAFT


def test_order_of_another_team_is_not_found(signed_in: SignedIn, draft: Order) -> None:
    client = signed_in(make.make_applicant())
    for name in ("detail", "edit"):
        assert client.get(reverse(f"orders:{name}", args=[draft.reference])).status_code == 404
    for name in ("submit", "withdraw", "attach", "edit"):
        assert client.post(reverse(f"orders:{name}", args=[draft.reference])).status_code == 404


def test_draft_is_not_found_by_an_officer(signed_in: SignedIn, draft: Order) -> None:
    assert signed_in(make.make_officer()).get(reverse("orders:detail", args=[draft.reference])).status_code == 404


@pytest.mark.parametrize("name", ["release", "receive"])
def test_shipping_by_an_applicant_is_refused(signed_in: SignedIn, applicant: Actor, name: str) -> None:
    order = make.make_order(applicant=applicant)
    assert signed_in(applicant).post(reverse(f"orders:{name}", args=[order.reference])).status_code == 403


@pytest.mark.parametrize("role", ["officer", "auditor", "operator", "liaison", "applicant"])
def test_order_page_opens_for_each_role(signed_in: SignedIn, applicant: Actor, role: str) -> None:
    order = make.make_order(applicant=applicant)
    exporter, importer = make.make_both_licences(order, importer=4)
    make.make_receipt(order, ["S-1"], exporter=exporter, importer=importer)
    make.make_receipt(order, ["S-2"])
    actor = applicant if role == "applicant" else make.make_actor(role)
    page = signed_in(actor).get(reverse("orders:detail", args=[order.reference])).content.decode()
    assert "S-1" in page
    assert "Unlicensed" in page
    assert ("Release the shipment" in page) == (role in ("officer", "liaison"))
    assert ("Record what arrived" in page) == (role in ("operator", "liaison"))


def test_order_page_says_nothing_of_screening_to_the_team(signed_in: SignedIn, applicant: Actor) -> None:
    order = make.make_order(applicant=applicant, state=OrderState.IN_REVIEW)
    Party.objects.filter(pk=order.site.operator_id).update(screening_state="undecided")
    address = reverse("orders:detail", args=[order.reference])
    said = signed_in(applicant).get(address).content.decode()
    assert "possible list match" not in said
    assert "Undecided" not in said
    assert "possible list match" in signed_in(make.make_officer()).get(address).content.decode()


def test_reason_of_a_stop_is_told_to_officers_alone(signed_in: SignedIn, applicant: Actor) -> None:
    order = make.make_order(applicant=applicant)
    stop_order(actor=make.make_officer(), order=order, reason="Party 1 is on list HOUSE.")
    address = reverse("orders:detail", args=[order.reference])
    told = signed_in(applicant).get(address).content.decode()
    assert ("Order stopped" in told, "HOUSE" in told) == (True, False)
    assert "HOUSE" in signed_in(make.make_officer()).get(address).content.decode()


def test_release_of_too_many_is_shown_again_with_the_reason(signed_in: SignedIn) -> None:
    order = make.make_order()
    make.make_both_licences(order, importer=4)
    posted = {"line": order.lines.get().pk, "quantity": 5}
    answer = signed_in(make.make_liaison()).post(reverse("orders:release", args=[order.reference]), posted)
    assert answer.status_code == 422
    assert "5 asked, 4 usable" in answer.content.decode()


def test_receipt_is_recorded_from_its_lines(signed_in: SignedIn) -> None:
    order = make.make_order()
    posted = {
        "chip": order.lines.get().chip_id, "site": order.site_id, "received_on": make.today(),
        "serials": "S-1\r\nS-2\r\n",
    }  # fmt: skip
    client = signed_in(make.make_operator())
    assert client.post(reverse("orders:receive", args=[order.reference]), posted).status_code == 303
    assert sorted(order.receipts.get().items.values_list("serial", flat=True)) == ["S-1", "S-2"]
    again = client.post(reverse("orders:receive", args=[order.reference]), posted)
    assert again.status_code == 422
    assert "Recorded already: S-1" in again.content.decode()


def test_document_is_kept_and_served_to_those_who_see_the_order(
    signed_in: SignedIn, applicant: Actor, draft: Order, settings: Any, tmp_path: Path
) -> None:
    settings.WRIT_MEDIA = tmp_path
    client = signed_in(applicant)
    file = SimpleUploadedFile("quote.txt", b"8 H200, EUR 1", content_type="application/x-evil")
    posted = {"title": "Quote", "document": file}
    assert client.post(reverse("orders:attach", args=[draft.reference]), posted).status_code == 303
    page = client.get(reverse("orders:detail", args=[draft.reference])).content.decode()
    address = next(part.split('"')[0] for part in page.split('href="') if "/documents/" in part)
    served = client.get(address)
    assert (served.content, served["Content-Type"]) == (b"8 H200, EUR 1", "text/plain")
    assert served["Content-Disposition"] == 'attachment; filename="quote.txt"'
    assert signed_in(make.make_applicant()).get(address).status_code == 404


def test_document_of_another_kind_is_refused_on_the_page(
    signed_in: SignedIn, applicant: Actor, draft: Order, settings: Any, tmp_path: Path
) -> None:
    settings.WRIT_MEDIA = tmp_path
    file = SimpleUploadedFile("tool.pdf", b"MZ\x90\x00" + bytes(300))
    answer = signed_in(applicant).post(
        reverse("orders:attach", args=[draft.reference]), {"title": "Typed", "document": file}
    )
    assert answer.status_code == 422
    assert "is neither of these" in answer.content.decode()
    assert 'value="Typed"' in answer.content.decode()


def test_site_registered_by_a_team_is_its_own(signed_in: SignedIn, applicant: Actor) -> None:
    operator = make.make_party()
    posted = {"name": "Hall 9", "operator": operator.pk, "address": "9 Road", "country": "CN"}
    assert signed_in(applicant).post(reverse("parties:site_new"), posted).status_code == 303
    assert Site.objects.get(name="Hall 9").team == applicant.team
    assert signed_in(applicant).post(reverse("parties:site_new"), posted).status_code == 422
    other = signed_in(make.make_applicant()).post(reverse("parties:site_new"), posted)
    assert other.status_code == 303  # a refusal would tell one team what another builds


def test_registering_does_not_lead_to_another_host(signed_in: SignedIn, applicant: Actor) -> None:
    posted = {"name": "Party", "kind": "company", "country": "CN", "buyer_class": "private"}
    answer = signed_in(applicant).post(reverse("parties:new") + "?next=https://example.net/", posted)
    assert answer["Location"] == reverse("orders:list")


def test_order_list_filters_counts_and_gives_just_what_is_shown_as_csv(signed_in: SignedIn, applicant: Actor) -> None:
    make.make_order(applicant=applicant, reference="ORD-T-A")
    make.make_order(applicant=applicant, reference="ORD-T-B", state=OrderState.IN_REVIEW)
    make.make_order(reference="ORD-T-C")
    client = signed_in(applicant)
    every = client.get(reverse("orders:list")).content.decode()
    assert ("ORD-T-A" in every, "ORD-T-B" in every, "ORD-T-C" in every) == (True, True, False)
    csv = b"".join(client.get(reverse("orders:list") + "?state=approved&format=csv")).decode()
    assert ("ORD-T-A" in csv, "ORD-T-B" in csv) == (True, False)


def test_order_list_asks_no_more_of_the_database_for_more_rows(
    signed_in: SignedIn, applicant: Actor, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(applicant)
    for _ in range(3):
        make.make_order(applicant=applicant)
    client.get(reverse("orders:list"))
    with django_assert_max_num_queries(14):
        client.get(reverse("orders:list"))
    for _ in range(8):
        make.make_order(applicant=applicant)
    with django_assert_max_num_queries(14):
        client.get(reverse("orders:list"))
