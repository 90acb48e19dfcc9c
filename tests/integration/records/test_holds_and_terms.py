"""A legal hold keeps records until two officers lift it; a licence's own years count, and are shortened by two."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.actors import Actor
from accounts.roles import Role
from accounts.services import issue_token
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.models import Entry
from ledger.transitions import IllegalTransition
from procurement.licences.models import Licence
from procurement.orders.models import Order, Receipt
from procurement.records.models import CountedFrom, LegalHold, RecordTerm
from procurement.records.queries import find
from procurement.records.retention import retention_of, shown
from procurement.records.services import (
    DiversionKind,
    Known,
    Matter,
    keep_hold,
    lift_hold,
    place_hold,
    propose_lift,
    record_diversion,
)
from procurement.records.terms import Term, countersign_term, state_term, withdraw_term
from procurement.regimes.retention import years_after
from procurement.review import services as review
from procurement.review.states import CaseKind
from tests import factories as make

pytestmark = pytest.mark.django_db
LETTER = Matter("Letter of 3 Nov", "The authority looks into it.")


@pytest.fixture
def order() -> Order:
    order = make.make_order()
    make.make_receipt(order, ["S-1"])
    return order


def held(order: Order, officer: Actor | None = None, matter: Matter = LETTER) -> LegalHold:
    return place_hold(actor=officer or make.make_officer(), kind="order", subject_id=order.pk, matter=matter)


def client_of(actor: Actor) -> Client:
    client = Client()
    client.force_login(make.make_user(actor.person))
    return client


def until(order: Order) -> object:
    found = retention_of(order, make.today())
    assert found is not None
    return "held" if found.is_held else found.until


def test_hold_on_an_order_keeps_its_records_without_an_end(order: Order) -> None:
    hold = held(order)
    assert until(order) == "held"
    written = Entry.objects.get(act="hold.placed")
    assert (written.facts["reference"], written.facts["reason"]) == (order.reference, LETTER.reason)
    assert hold.reference.startswith("HLD-")


def test_hold_on_a_filing_or_a_case_keeps_the_records_of_its_order(order: Order) -> None:
    filing = make.make_filing(order)
    officer = make.make_officer()
    matter = review.Matter(kind=CaseKind.ORDER, title="An order", order=order)
    case = review.open_case(actor=make.make_applicant(team=order.team), matter=matter, applicant=order.applicant)
    for kind, row in (("filing", filing), ("case", case)):
        hold = place_hold(actor=officer, kind=kind, subject_id=row.pk, matter=LETTER)
        assert until(order) == "held", kind
        lift_hold(actor=make.make_officer(), hold=propose_lift(actor=officer, hold=hold, reason="Closed."))
        assert until(order) == years_after(make.today(), 10)


def test_hold_whose_lifting_is_proposed_stands_until_another_officer_signs(order: Order) -> None:
    hold, proposer = held(order), make.make_officer()
    propose_lift(actor=proposer, hold=hold, reason="The matter is closed.")
    assert until(order) == "held"
    with pytest.raises(NotPermitted, match="second person"):
        lift_hold(actor=make.make_officer(person=proposer.person), hold=hold)
    lift_hold(actor=make.make_officer(), hold=hold)
    assert until(order) == years_after(make.today(), 10)
    acts = list(Entry.objects.filter(subject_id=str(hold.pk)).order_by("id").values_list("act", flat=True))
    assert acts == ["hold.placed", "hold.lift_proposed", "hold.lifted"]


def test_hold_that_is_kept_stands_and_may_be_proposed_again(order: Order) -> None:
    hold = held(order)
    keep_hold(actor=make.make_officer(), hold=propose_lift(actor=make.make_officer(), hold=hold, reason="Closed."),
              reason="It is not.")  # fmt: skip
    assert until(order) == "held"
    assert propose_lift(actor=make.make_officer(), hold=hold, reason="Now it is.").state == "lift_proposed"


def test_hold_not_proposed_or_lifted_already_is_not_lifted(order: Order) -> None:
    hold = held(order)
    with pytest.raises(IllegalTransition):
        lift_hold(actor=make.make_officer(), hold=hold)
    lift_hold(actor=make.make_officer(), hold=propose_lift(actor=make.make_officer(), hold=hold, reason="Closed."))
    with pytest.raises(IllegalTransition):
        propose_lift(actor=make.make_officer(), hold=hold, reason="Again.")


def test_officer_of_the_ordering_team_may_place_and_never_lift(order: Order) -> None:
    insider = make.make_officer()
    make.make_membership(Role.APPLICANT, person=insider.person, team=order.team)
    hold = held(order, insider)
    with pytest.raises(NotPermitted, match="another officer"):
        propose_lift(actor=insider, hold=hold, reason="Closed.")
    propose_lift(actor=make.make_officer(), hold=hold, reason="Closed.")
    with pytest.raises(NotPermitted, match="another officer"):
        lift_hold(actor=insider, hold=hold)


def test_hold_without_a_matter_or_a_reason_is_refused(order: Order) -> None:
    for matter in (Matter(" ", "Why."), Matter("Letter", "  "), Matter("x" * 201, "Why.")):
        with pytest.raises(InvalidInput):
            held(order, matter=matter)
    assert until(order) != "held"


@pytest.mark.parametrize(
    "change",
    ["reason = 'Another.'", "placed_on = placed_on + 1", "state = 'lifted'"],
)
def test_database_refuses_to_rewrite_or_lift_a_hold_alone(order: Order, change: str) -> None:
    hold = held(order)
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE procurement_legalhold SET {change} WHERE id = %s", [hold.pk])
    with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
        hold.delete()


def test_database_refuses_a_lift_without_a_proposal(order: Order) -> None:
    """Proposer and countersigner whole, and two persons: only that nobody proposed it first."""
    hold, one, other = held(order), make.make_officer(), make.make_officer()
    with pytest.raises((InternalError, IntegrityError), match="standing does not become lifted"), transaction.atomic():
        LegalHold.objects.filter(pk=hold.pk).update(
            state="lifted", proposer=one.membership, proposer_person=one.person, proposer_team=one.team,
            proposed_at=hold.placed_at, lift_reason="Over.", countersigner=other.membership,
            countersigner_person=other.person, countersigner_team=other.team, lifted_at=hold.placed_at,
            lifted_on=make.today(),
        )  # fmt: skip


def test_database_refuses_one_person_on_both_sides_of_a_lift(order: Order) -> None:
    proposer = make.make_officer()
    hold = propose_lift(actor=proposer, hold=held(order), reason="Closed.")
    again = make.make_officer(person=proposer.person)
    with pytest.raises(IntegrityError), transaction.atomic():
        LegalHold.objects.filter(pk=hold.pk).update(
            state="lifted", countersigner=again.membership, countersigner_person=again.person,
            countersigner_team=again.team, lifted_at=hold.proposed_at, lifted_on=make.today(),
        )  # fmt: skip


def test_applicant_hears_that_a_hold_stands_and_not_which(order: Order) -> None:
    held(order, matter=Matter("Raid of 3 Nov", "A secret inquiry.", is_agency_request=True))
    body = client_of(make.make_applicant(team=order.team)).get(reverse("records:of", args=["order", order.pk]))
    told = body.content.decode()
    assert "nothing is destroyed while a hold stands" in told
    assert not [word for word in ("HLD-", "Raid", "secret") if word in told]
    officer = shown(order, make.today(), make.make_officer())
    assert officer is not None
    assert any("An agency asked for the records (HLD-" in each["text"] for each in officer["reasons"])


def test_officers_place_and_lift_a_hold_on_the_page(order: Order) -> None:
    one, other = client_of(make.make_officer()), client_of(make.make_officer())
    page = reverse("records:of", args=["order", order.pk])
    empty = one.post(reverse("records:place", args=["order", order.pk]), {"matter": "Letter 7"})
    assert empty.status_code == 422
    assert "Letter 7" in empty.content.decode()
    said = {"matter": "Letter 7", "reason": "An inquiry."}
    assert one.post(reverse("records:place", args=["order", order.pk]), said).status_code == 303
    hold = LegalHold.objects.get()
    assert "Letter 7" in one.get(page).content.decode()
    refused = one.post(reverse("records:propose_lift", args=[hold.pk]), {"reason": " "})
    assert refused.status_code == 422
    one.post(reverse("records:propose_lift", args=[hold.pk]), {"reason": "It is over."})
    one.post(reverse("records:lift", args=[hold.pk]))
    assert "You proposed to lift this hold" in one.get(page).content.decode()
    assert LegalHold.objects.get().state == "lift_proposed"
    other.post(reverse("records:lift", args=[hold.pk]))
    assert LegalHold.objects.get().state == "lifted"
    part = other.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "Kept through" in part
    assert "<html" not in part


def test_known_diversion_after_the_export_is_counted_from(order: Order) -> None:
    officer, today = make.make_officer(), make.today()
    Receipt.objects.filter(order=order).update(received_on=today - timedelta(days=400))
    kept = find(officer, "order", order.pk)
    for days in (200, 300):
        known = Known(DiversionKind.DIVERSION, today - timedelta(days=days), "Serials seen elsewhere.")
        record_diversion(actor=officer, kept=kept, known=known)
    assert until(order) == years_after(today - timedelta(days=200), 10)
    assert Entry.objects.filter(act="order.diversion_known", subject_id=str(order.pk)).count() == 2


def test_diversion_on_a_day_to_come_or_without_a_reason_is_refused_on_the_page(order: Order) -> None:
    client, url = client_of(make.make_officer()), reverse("records:diverted", args=["order", order.pk])
    future = make.today() + timedelta(days=2)
    for said in ({"on": future.isoformat(), "reason": "Seen."}, {"on": make.today().isoformat(), "reason": " "}):
        answer = client.post(url, {"kind": "reexport", **said})
        assert answer.status_code == 422
    assert not Entry.objects.filter(act="order.diversion_known").exists()
    yesterday = make.today() - timedelta(days=1)
    said = {"kind": "reexport", "on": yesterday.isoformat(), "reason": "A bill of lading."}
    assert client.post(url, said).status_code == 303
    page = client.get(reverse("records:of", args=["order", order.pk])).content.decode()
    assert "A bill of lading." in page


@pytest.fixture
def licence(order: Order) -> Licence:
    return make.make_both_licences(order)[0]


def test_licence_s_own_years_beyond_the_rules_decide(order: Order, licence: Licence) -> None:
    state_term(actor=make.make_officer(), licence=licence, term=Term(12), reason="Its condition 9.")
    assert until(order) == years_after(make.today(), 12)
    assert Entry.objects.get(act="licence.record_term_stated").facts["years"] == 12


def test_licence_s_own_years_below_the_rules_change_nothing(order: Order, licence: Licence) -> None:
    state_term(actor=make.make_officer(), licence=licence, term=Term(3), reason="Its condition 9.")
    assert until(order) == years_after(make.today(), 10)


def test_years_from_the_licence_s_last_day_are_counted_from_it(order: Order, licence: Licence) -> None:
    last = make.today() + timedelta(days=400)
    licence.lines.update(use_until=last)
    term = Term(10, CountedFrom.LICENCE_END)
    state_term(actor=make.make_officer(), licence=licence, term=term, reason="Its condition 9.")
    assert until(order) == years_after(last, 10)
    licence.lines.update(use_until=None)
    assert until(order) is None


def test_shorter_term_counts_when_a_second_officer_signs(order: Order, licence: Licence) -> None:
    officer = make.make_officer()
    state_term(actor=officer, licence=licence, term=Term(15), reason="Its condition 9.")
    shorter = state_term(actor=officer, licence=licence, term=Term(11), reason="Amended.")
    assert until(order) == years_after(make.today(), 15)
    with pytest.raises(Overtaken, match="already"):
        state_term(actor=make.make_officer(), licence=licence, term=Term(20), reason="Amended again.")
    with pytest.raises(NotPermitted, match="second person"):
        countersign_term(actor=make.make_officer(person=officer.person), term=shorter)
    countersign_term(actor=make.make_officer(), term=shorter)
    assert until(order) == years_after(make.today(), 11)
    with pytest.raises(Overtaken):
        withdraw_term(actor=make.make_officer(), term=shorter, reason="Too late.")


@pytest.mark.parametrize("term", [Term(None), Term(14), Term(15, CountedFrom.LICENCE_END)])
def test_term_that_may_be_shorter_takes_two(licence: Licence, term: Term) -> None:
    state_term(actor=make.make_officer(), licence=licence, term=Term(15), reason="Its condition 9.")
    row = state_term(actor=make.make_officer(), licence=licence, term=term, reason="Amended.")
    assert row.in_effect_at is None


@pytest.mark.parametrize("years", [0, 101])
def test_term_out_of_bounds_is_refused(licence: Licence, years: int) -> None:
    with pytest.raises(InvalidInput, match="between 1 and 100"):
        state_term(actor=make.make_officer(), licence=licence, term=Term(years), reason="Its condition 9.")


def test_officer_of_the_ordering_team_states_no_term(licence: Licence) -> None:
    insider = make.make_officer(team=licence.order.team)
    with pytest.raises(NotPermitted):
        state_term(actor=insider, licence=licence, term=Term(12), reason="Its condition 9.")


def test_database_refuses_to_rewrite_a_term_or_to_let_a_proposed_one_count_alone(licence: Licence) -> None:
    stated = state_term(actor=make.make_officer(), licence=licence, term=Term(12), reason="Its condition 9.")
    shorter = state_term(actor=make.make_officer(), licence=licence, term=Term(2), reason="Amended.")
    for row, change in ((stated, {"years": 1}), (shorter, {"in_effect_at": stated.in_effect_at})):
        with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
            RecordTerm.objects.filter(pk=row.pk).update(**change)


def test_term_is_stated_and_signed_on_the_page(order: Order, licence: Licence) -> None:
    one, other = client_of(make.make_officer()), client_of(make.make_officer())
    address = reverse("records:term", args=[licence.pk])
    assert one.post(address, {"years": "12", "reason": ""}).status_code == 422
    assert one.post(address, {"years": "12", "counted_from": "transaction_end", "reason": "9."}).status_code == 303
    detail = reverse("licences:detail", args=[licence.reference])
    assert "12 years from the end of the transaction" in one.get(detail).content.decode()
    one.post(address, {"years": "11", "counted_from": "transaction_end", "reason": "Amended."})
    assert "Countersign the shorter term" not in one.get(detail).content.decode()
    other.post(reverse("records:sign_term", args=[licence.pk]))
    assert until(order) == years_after(make.today(), 11)


def test_hold_is_placed_and_lifted_over_the_api_by_two(order: Order) -> None:
    one, other, team = make.make_officer(), make.make_officer(), make.make_applicant(team=order.team)
    place = reverse("api:place_hold", args=["order", order.pk])
    assert call(one, place, {"matter": " ", "reason": "Why."}).status_code == 422
    made = call(one, place, {"matter": "Letter 7", "reason": "An inquiry.", "is_agency_request": True})
    assert (made.status_code, made.json()["on"], made.json()["state"]) == (201, order.reference, "standing")
    hold = made.json()["id"]
    told = call(team, reverse("api:get_records", args=["order", order.pk])).json()
    assert (told["until"], told["is_held"], told["holds"]) == (None, True, [])
    assert "Letter 7" not in str(told)
    assert call(one, reverse("api:propose_lift", args=[hold]), {"reason": "Over."}).json()["state"] == "lift_proposed"
    assert call(one, reverse("api:lift_hold", args=[hold]), {}).status_code == 403
    assert call(other, reverse("api:keep_hold", args=[hold]), {"reason": "Not yet."}).json()["state"] == "standing"
    call(other, reverse("api:propose_lift", args=[hold]), {"reason": "Over."})
    assert call(one, reverse("api:lift_hold", args=[hold]), {}).json()["state"] == "lifted"
    told = call(one, reverse("api:get_records", args=["order", order.pk])).json()
    assert (told["until"], told["is_held"]) == (years_after(make.today(), 10).isoformat(), False)
    assert [each["reference"] for each in told["holds"]] == [LegalHold.objects.get().reference]


def call(actor: Actor, url: str, body: dict[str, object] | None = None) -> HttpResponse:
    user = actor.person.accounts.first() or make.make_user(actor.person)
    token = issue_token(user=user, membership=actor.membership, label="t")
    headers = {"Authorization": f"Bearer {token}"}
    if body is None:
        return Client().get(url, headers=headers)
    return Client().post(url, body, content_type="application/json", headers=headers)
