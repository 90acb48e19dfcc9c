"""Licences on pages: recorded from a document, put into force, suspended by one, reinstated by two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from procurement.licences.acts import suspend_licence
from procurement.licences.models import Licence, LicenceAct, Side
from procurement.licences.states import LicenceState
from procurement.orders.models import Order
from tests import factories as make

pytestmark = pytest.mark.django_db
SignedIn = Callable[[Actor], Client]


@pytest.fixture
def signed_in() -> SignedIn:
    """A browser in which somebody has signed in."""

    def sign_in(actor: Actor) -> Client:
        client = Client()
        client.force_login(make.make_user(actor.person))
        return client

    return sign_in


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.WRIT_MEDIA = tmp_path


@pytest.fixture
def licence() -> Licence:
    return make.make_licence(Side.EXPORTER, make.make_order())


def page(client: Client, licence: Licence) -> str:
    return client.get(reverse("licences:detail", args=[licence.reference])).content.decode()


def post(client: Client, name: str, licence: Licence, **typed: Any) -> Any:
    return client.post(reverse(f"licences:{name}", args=[licence.reference]), typed)


def paper(order: Order, **differs: Any) -> dict[str, Any]:
    """A whole licence as a browser posts it."""
    today = make.today()
    return {
        "side": "importer", "authority": "PRC MIIT", "number": "2026-17", "kind": "import approval",
        "holder": make.end_user_of(order).pk, "issued_on": today, "valid_from": today,
        "document": SimpleUploadedFile("approval.txt", b"Approval 2026-17: 4 units."),
        "lines-TOTAL_FORMS": 2, "lines-INITIAL_FORMS": 0, "lines-0-chip": order.lines.get().chip_id,
        "lines-0-granted": 4, "lines-0-end_user": make.end_user_of(order).pk, "lines-0-end_uses": ["training"],
        "lines-0-ship_until": today + timedelta(days=90), "lines-0-use_until": today + timedelta(days=365),
        "conditions-TOTAL_FORMS": 3, "conditions-INITIAL_FORMS": 0,
        "conditions-0-kind": "checkpoint_window_s", "conditions-0-text": "60 s to save.", "conditions-0-seconds": 60,
        "conditions-1-kind": "site", "conditions-1-text": "At the named site alone.",
        "conditions-2-kind": "no_reexport", "conditions-2-text": "No re-export.",
        "conditions-2-attested_until": today + timedelta(days=30), **differs,
    }  # fmt: skip


def test_licence_recorded_on_the_page_is_a_draft_until_put_into_force(signed_in: SignedIn) -> None:
    order, client = make.make_order(), signed_in(make.make_officer())
    answer = client.post(reverse("licences:new") + f"?order={order.reference}", paper(order))
    licence = Licence.objects.get(number="2026-17")
    assert (answer.status_code, answer["Location"]) == (303, reverse("licences:detail", args=[licence.reference]))
    parameters = dict(licence.conditions.values_list("kind", "parameter"))
    site = {"site": str(order.site_id)}
    assert parameters == {"checkpoint_window_s": {"seconds": 60}, "site": site, "no_reexport": {}}
    assert "A second officer reads it" in page(client, licence)
    second = signed_in(make.make_officer())
    assert "Put the licence into force" in page(second, licence)
    assert post(second, "activate", licence).status_code == 303
    assert Licence.objects.get(pk=licence.pk).state == LicenceState.ACTIVE


def test_licence_that_does_not_fit_is_shown_again_with_everything_typed(signed_in: SignedIn) -> None:
    order, client = make.make_order(), signed_in(make.make_officer())
    posted = paper(order, **{"lines-0-granted": 0, "conditions-0-seconds": ""})
    answer = client.post(reverse("licences:new") + f"?order={order.reference}", posted)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "Ensure this value is greater than or equal to 1." in shown
    assert "Say how long the window is." in shown
    assert 'value="2026-17"' in shown
    assert not Licence.objects.exists()


def test_licence_of_an_executable_is_refused_on_the_page(signed_in: SignedIn) -> None:
    order, client = make.make_order(), signed_in(make.make_officer())
    posted = paper(order, document=SimpleUploadedFile("approval.pdf", b"MZ\x90\x00" + bytes(300)))
    answer = client.post(reverse("licences:new") + f"?order={order.reference}", posted)
    assert answer.status_code == 422
    assert "is neither of these" in answer.content.decode()


def test_recording_begins_with_the_approved_orders(signed_in: SignedIn) -> None:
    order = make.make_order()
    draft = make.make_order(state="in_review")
    shown = signed_in(make.make_officer()).get(reverse("licences:new")).content.decode()
    assert (order.reference in shown, draft.reference in shown) == (True, False)


def test_document_of_a_licence_is_served_to_those_who_see_licences(signed_in: SignedIn) -> None:
    order, client = make.make_order(), signed_in(make.make_officer())
    client.post(reverse("licences:new") + f"?order={order.reference}", paper(order))
    shown = page(client, Licence.objects.get(number="2026-17"))
    address = next(part.split('"')[0] for part in shown.split('href="') if "/documents/" in part)
    assert client.get(address).content == b"Approval 2026-17: 4 units."
    assert signed_in(make.make_applicant()).get(address).status_code == 403


def test_suspension_on_the_page_holds_at_once(signed_in: SignedIn, licence: Licence) -> None:
    client = signed_in(make.make_officer())
    assert "Suspend the licence" in page(client, licence)
    assert post(client, "suspend", licence, effect="drain", reason="A letter.").status_code == 303
    assert Licence.objects.get(pk=licence.pk).state == LicenceState.SUSPENDED


def test_suspension_without_a_reason_is_shown_again(signed_in: SignedIn, licence: Licence) -> None:
    answer = post(signed_in(make.make_officer()), "suspend", licence, effect="drain", reason="", basis="Letter 7")
    assert answer.status_code == 422
    assert 'value="Letter 7"' in answer.content.decode()
    assert Licence.objects.get(pk=licence.pk).state == LicenceState.ACTIVE


def test_reinstatement_on_the_page_takes_two_persons(signed_in: SignedIn, licence: Licence) -> None:
    first, second = make.make_officer(), make.make_officer()
    suspend_licence(actor=first, licence=licence, reason="A letter.")
    client = signed_in(first)
    assert post(client, "reinstate", licence, **{"reinstate-reason": "Lifted."}).status_code == 303
    shown = page(client, licence)
    assert "A second officer has to countersign." in shown
    assert reverse("licences:countersign", args=[licence.reference]) not in shown
    refused = client.post(reverse("licences:countersign", args=[licence.reference]), follow=True).content.decode()
    assert "You proposed this act. A second person has to countersign it." in refused
    assert Licence.objects.get(pk=licence.pk).state == LicenceState.SUSPENDED
    assert post(signed_in(second), "countersign", licence).status_code == 303
    assert Licence.objects.get(pk=licence.pk).state == LicenceState.ACTIVE


def test_proposal_withdrawn_on_the_page_changes_nothing(signed_in: SignedIn, licence: Licence) -> None:
    client = signed_in(make.make_officer())
    post(client, "revoke", licence, **{"revoke-reason": "Withdrawn."})
    assert post(client, "withdraw", licence, reason="Misread.").status_code == 303
    assert LicenceAct.objects.get().withdrawn_at is not None
    assert Licence.objects.get(pk=licence.pk).state == LicenceState.ACTIVE
    assert post(client, "countersign", licence).status_code == 404


@pytest.mark.parametrize("role", ["operator", "auditor", "liaison"])
def test_licence_page_offers_no_act_to_those_who_only_read(signed_in: SignedIn, licence: Licence, role: str) -> None:
    client = signed_in(make.make_actor(role))
    shown = page(client, licence)
    assert "8 units left" in shown
    assert "Suspend the licence" not in shown
    for name in ("suspend", "reinstate", "revoke", "countersign", "withdraw", "activate"):
        assert post(client, name, licence).status_code == 403


def test_licence_pages_are_not_for_applicants(signed_in: SignedIn, licence: Licence) -> None:
    client = signed_in(Actor(licence.order.applicant))
    assert client.get(reverse("licences:list")).status_code == 403
    assert client.get(reverse("licences:detail", args=[licence.reference])).status_code == 403


def test_condition_attested_on_the_page_names_the_officer(signed_in: SignedIn, licence: Licence) -> None:
    condition = make.make_condition(licence, "no_reexport")
    condition.is_machine_checked = False
    condition.save()
    officer = make.make_officer()
    client = signed_in(officer)
    assert "Not attested" in page(client, licence)
    address = reverse("licences:attest", args=[licence.reference, condition.pk])
    assert client.post(address, {"until": make.today() + timedelta(days=9)}).status_code == 303
    assert f"attested by {officer.person.name}" in page(client, licence)


def test_licence_list_filters_and_gives_csv(signed_in: SignedIn, licence: Licence) -> None:
    other = make.make_licence(Side.IMPORTER, licence.order, state=LicenceState.SUSPENDED)
    client = signed_in(make.make_officer())
    every = client.get(reverse("licences:list")).content.decode()
    assert (licence.reference in every, other.reference in every) == (True, True)
    csv = b"".join(client.get(reverse("licences:list") + "?side=importer&format=csv")).decode()
    assert (licence.reference in csv, other.reference in csv) == (False, True)


def test_licence_list_asks_no_more_of_the_database_for_more_rows(
    signed_in: SignedIn, licence: Licence, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(make.make_officer())
    client.get(reverse("licences:list"))
    for _ in range(6):
        make.make_licence(Side.IMPORTER, make.make_order())
    with django_assert_max_num_queries(12):
        client.get(reverse("licences:list"))
