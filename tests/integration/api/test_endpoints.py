"""Orders, filings, cases, licences and determinations over the API: done, and refused with code and reasons."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from procurement.filings.models import Filing
from procurement.licences.models import Licence
from procurement.orders.models import DemandAssessment, Order
from procurement.parties import services as parties
from procurement.review.models import Case
from tests import factories as make
from tests.integration.allocation.worlds import World
from tests.integration.api.conftest import Caller, fields_of

HOUR_MS = 3_600_000


def order_body(made: World, **changes: Any) -> dict[str, Any]:
    exporter = make.make_party("Supplier Inc.", country="US", hq_country="US", ultimate_parent_country="US")
    end_user = made.site.operator
    roles = {"exporter": exporter, "purchaser": end_user, "ultimate_consignee": end_user, "end_user": end_user}
    return {
        "demand": {
            "chip": "h200-sxm", "quantity": 8, "needed_from": str(make.today()),
            "needed_until": str(make.today() + timedelta(days=300)), "purpose": "Training of language models",
        },
        "site": str(made.site.pk), "end_use": "training", "use_case": "Trains language models.",
        "domestic_alternatives": "Ascend 910C lacks the operators.", "has_encryption": False,
        "lines": [{"chip": "h200-sxm", "quantity": 8, "unit_price": "32000.00", "currency": "USD"}],
        "parties": [{"party": str(party.pk), "role": role} for role, party in roles.items()],
    } | changes  # fmt: skip


def filing_body(made: World, **changes: Any) -> dict[str, Any]:
    return {
        "order": str(made.order.pk), "chip": "h200-sxm", "title": "Bytes", "end_use": "training",
        "description": "A byte-level language model.", "model_name": "bytes-1", "model_parameters": 1_000_000,
        "training_tokens": 1_000_000, "max_devices": 1, "requested_ms": HOUR_MS, "starts_on": str(make.today()),
        "ends_on": str(make.today() + timedelta(days=30)),
    } | changes  # fmt: skip


# --- Orders ---
def test_order_is_saved_handed_in_listed_and_taken_back(made: World, owner: Caller) -> None:
    order = owner.post("orders", order_body(made), expect=201)
    assert (order["state"], order["lines"]) == ("draft", [{"chip": "h200-sxm", "quantity": 8}])
    assert owner.post(f"orders/{order['id']}/submit")["state"] == "in_review"
    listed = owner.get("orders?state=in_review")
    assert [row["reference"] for row in listed["items"]] == [order["reference"]]
    assert owner.get(f"orders/{order['id']}")["submitted_at"]
    assert owner.post(f"orders/{order['id']}/withdraw")["state"] == "withdrawn"
    assert Case.objects.get(order_id=order["id"]).state == "withdrawn"


def test_order_that_does_not_fit_names_every_field(made: World, owner: Caller) -> None:
    body = order_body(made, end_use="conquest", ship_from_country="usa", lines=[{"chip": "h200-sxm", "quantity": 0}])
    answer = owner.post("orders", body, expect=422)
    assert answer["code"] == "invalid_input"
    named = fields_of(answer)
    assert named == {"end_use", "ship_from_country", "lines.0.quantity"}


@pytest.mark.parametrize("field", ["ship_from_country", "via_country"])
def test_order_by_way_of_a_country_that_is_not_there_is_refused(made: World, owner: Caller, field: str) -> None:
    answer = owner.post("orders", order_body(made, **{field: "ZZ"}), expect=422)
    assert (answer["field"], answer["message"]) == (field, "ZZ is not a country code of ISO 3166, such as US.")
    assert owner.post("orders", order_body(made, **{field: "SG"}), expect=201)["state"] == "draft"


def test_order_of_no_body_is_malformed(owner: Caller) -> None:
    assert owner.send("POST", "orders").status_code in (400, 422)
    owner.post("orders", [1, 2], expect=422)


def test_order_for_a_site_that_is_not_there_is_not_found_and_leaves_nothing(made: World, owner: Caller) -> None:
    before = (Order.objects.count(), DemandAssessment.objects.count())
    answer = owner.post("orders", order_body(made, site=str(uuid.uuid4())), expect=404)
    assert answer["code"] == "not_found"
    assert (Order.objects.count(), DemandAssessment.objects.count()) == before


def test_order_handed_in_incomplete_is_refused_with_what_is_missing(made: World, owner: Caller) -> None:
    order = owner.post("orders", order_body(made, parties=[]), expect=201)
    answer = owner.post(f"orders/{order['id']}/submit", expect=409)
    assert answer["code"]
    assert answer["blockers"]


def test_order_handed_in_twice_is_refused_by_its_state(made: World, owner: Caller) -> None:
    answer = owner.post(f"orders/{made.order.pk}/submit", expect=409)
    assert answer["code"] == "illegal_transition"
    assert "received" in answer["message"]


def test_order_of_another_team_is_not_found_by_any_door(made: World, stranger: Caller) -> None:
    for path in (f"orders/{made.order.pk}", f"orders/{uuid.uuid4()}"):
        assert stranger.get(path, expect=404)["code"] == "not_found"
    stranger.post(f"orders/{made.order.pk}/withdraw", expect=404)
    assert stranger.get("orders")["items"] == []


def test_order_by_an_officer_is_not_permitted(made: World, officer: Caller) -> None:
    answer = officer.post("orders", order_body(made), expect=403)
    assert (answer["code"], "state demand" in answer["message"]) == ("not_permitted", True)


# --- Filings and cases ---
def filed(made: World, owner: Caller) -> dict[str, Any]:
    filing = owner.post("filings", filing_body(made), expect=201)
    return owner.post(f"filings/{filing['id']}/submit")


def case_of(filing: dict[str, Any]) -> str:
    return str(Case.objects.get(filing_id=filing["id"]).pk)


ADVICE = {"outcome": "approve", "reason": "The use fits the licence.", "granted_ms": HOUR_MS}


def test_filing_goes_from_draft_to_a_decision_of_two(
    made: World, owner: Caller, officer: Caller, second: Caller
) -> None:
    filing = filed(made, owner)
    assert filing["state"] == "in_review"
    case = case_of(filing)
    assert officer.post(f"cases/{case}/claim")["state"] == "claimed"
    officer.post(f"cases/{case}/ask", {"text": "Which model?"})
    assert owner.get("cases?queue=waiting")["items"][0]["id"] == case
    assert owner.post(f"cases/{case}/answer", {"text": "bytes-1."})["state"] == "claimed"
    advice = officer.post(f"cases/{case}/advise", {**ADVICE, "valid_until": str(make.today() + timedelta(days=20))})
    assert advice["final_at"] is None
    assert second.post(f"cases/{case}/countersign")["final_at"]
    assert owner.get(f"filings/{filing['id']}")["state"] == "approved"
    assert Filing.objects.get(pk=filing["id"]).grants.count() == 1


def test_one_person_cannot_advise_and_countersign(made: World, owner: Caller, officer: Caller) -> None:
    case = case_of(filed(made, owner))
    again = Caller(make.make_officer(person=officer.actor.person))
    officer.post(f"cases/{case}/claim")
    officer.post(f"cases/{case}/advise", {**ADVICE, "valid_until": str(make.today() + timedelta(days=20))})
    for door in (officer, again):
        answer = door.post(f"cases/{case}/countersign", expect=403)
        assert answer["code"] == "not_permitted"
        assert "second person" in answer["message"]
    assert officer.get(f"cases/{case}")["state"] == "advised"


def test_advice_can_be_returned_and_given_anew(made: World, owner: Caller, officer: Caller, second: Caller) -> None:
    case = case_of(filed(made, owner))
    officer.post(f"cases/{case}/claim")
    officer.post(f"cases/{case}/advise", {"outcome": "decline", "reason": "It does not fit."})
    assert second.post(f"cases/{case}/return", {"text": "Why not?"})["state"] == "claimed"
    officer.post(f"cases/{case}/advise", {"outcome": "decline", "reason": "The end use is another one."})
    assert second.post(f"cases/{case}/countersign")["outcome"] == "decline"


def test_case_that_somebody_holds_is_not_taken_from_them(
    made: World, owner: Caller, officer: Caller, second: Caller
) -> None:
    case = case_of(filed(made, owner))
    officer.post(f"cases/{case}/claim")
    answer = second.post(f"cases/{case}/claim", expect=409)
    assert officer.actor.person.name in answer["message"]


def test_advice_that_does_not_fit_names_its_field(made: World, owner: Caller, officer: Caller) -> None:
    case = case_of(filed(made, owner))
    officer.post(f"cases/{case}/claim")
    answer = officer.post(f"cases/{case}/advise", {"outcome": "maybe", "reason": ""}, expect=422)
    assert {field.rpartition(".")[2] for field in fields_of(answer)} == {"outcome", "reason"}
    answer = officer.post(f"cases/{case}/advise", {**ADVICE, "granted_ms": 2 * HOUR_MS,
                          "valid_until": str(make.today())}, expect=422)  # fmt: skip
    assert answer["field"] == "granted_ms"


def test_case_and_filing_of_another_team_are_not_found(made: World, owner: Caller, stranger: Caller) -> None:
    filing = filed(made, owner)
    case = case_of(filing)
    stranger.get(f"cases/{case}", expect=404)
    stranger.post(f"cases/{case}/answer", {"text": "x"}, expect=404)
    stranger.get(f"filings/{filing['id']}", expect=404)
    stranger.post(f"filings/{filing['id']}/withdraw", expect=404)
    stranger.post("filings", filing_body(made), expect=404)
    assert stranger.get("cases")["items"] == stranger.get("filings")["items"] == []


def test_filing_is_withdrawn_by_its_team(made: World, owner: Caller) -> None:
    filing = filed(made, owner)
    assert owner.post(f"filings/{filing['id']}/withdraw")["state"] == "withdrawn"
    answer = owner.post(f"filings/{filing['id']}/withdraw", expect=409)
    assert answer["code"] == "illegal_transition"
    assert "final" in answer["message"]


def test_filing_that_does_not_fit_names_every_field(made: World, owner: Caller) -> None:
    answer = owner.post("filings", filing_body(made, max_devices=0, requested_ms="much", title=""), expect=422)
    assert {field.rpartition(".")[2] for field in fields_of(answer)} == {"max_devices", "requested_ms", "title"}


def test_filing_names_its_remote_users_and_shows_them(made: World, owner: Caller) -> None:
    named = [{"party": str(make.make_party().pk), "purpose": "Evaluates the model."}]
    filing = owner.post("filings", filing_body(made, remote_users=named), expect=201)
    assert filing["remote_users"] == named
    assert owner.get(f"filings/{filing['id']}")["remote_users"] == named
    assert owner.post("filings", filing_body(made), expect=201)["remote_users"] == []


def test_filing_that_names_a_party_of_another_team_is_not_found_and_leaves_nothing(
    made: World, owner: Caller, stranger: Caller
) -> None:
    facts = parties.PartyFacts(name="Hidden", country="CN")
    hidden = parties.register_party(actor=stranger.actor, facts=facts)
    seen = {"party": str(make.make_party().pk), "purpose": "Evaluates the model."}
    before = Filing.objects.count()
    named = [seen, {**seen, "party": str(hidden.pk)}]
    owner.post("filings", filing_body(made, remote_users=named), expect=404)
    assert Filing.objects.count() == before


@pytest.mark.parametrize(
    ("changes", "count", "field"),
    [({}, 51, ""), ({"purpose": " "}, 1, ".0.purpose"), ({"purpose": "x" * 301}, 1, ".0.purpose"),
     ({"party": "me"}, 1, ".0.party")],
)  # fmt: skip
def test_filing_whose_remote_users_do_not_fit_names_the_field(
    made: World, owner: Caller, changes: dict[str, str], count: int, field: str
) -> None:
    user = {"party": str(uuid.uuid4()), "purpose": "Evaluates the model."} | changes
    answer = owner.post("filings", filing_body(made, remote_users=[user] * count), expect=422)
    assert fields_of(answer) == {f"remote_users{field}"}


# --- Licences ---
def test_licence_is_read_suspended_and_reinstated_by_two(
    made: World, owner: Caller, officer: Caller, second: Caller
) -> None:
    path = f"licences/{made.exporter.pk}"
    line = owner.get(path)["lines"][0]
    assert (line["granted"], line["drawn"]) == (8, 2)
    act = officer.post(f"{path}/suspend", {"reason": "Letter of BIS."})
    assert act["is_in_effect"]
    assert owner.get(path)["state"] == "suspended"
    proposed = officer.post(f"{path}/acts", {"action": "reinstate", "reason": "Second letter."})
    assert not proposed["is_in_effect"]
    refused = officer.post(f"{path}/acts/{proposed['id']}/countersign", expect=403)
    assert refused["code"] == "not_permitted"
    assert second.post(f"{path}/acts/{proposed['id']}/countersign")["is_in_effect"]
    assert Licence.objects.get(pk=made.exporter.pk).state == "active"


def test_licence_act_by_a_team_is_not_permitted_and_by_a_stranger_not_found(
    made: World, owner: Caller, stranger: Caller
) -> None:
    body = {"reason": "x"}
    assert owner.post(f"licences/{made.exporter.pk}/suspend", body, expect=403)["code"] == "not_permitted"
    stranger.post(f"licences/{made.exporter.pk}/suspend", body, expect=404)
    stranger.get(f"licences/{made.exporter.pk}", expect=404)
    assert stranger.get("licences")["items"] == []
    assert Licence.objects.get(pk=made.exporter.pk).state == "active"


def test_licence_act_without_a_reason_or_of_no_known_effect_is_refused(made: World, officer: Caller) -> None:
    answer = officer.post(f"licences/{made.exporter.pk}/suspend", {"reason": "", "effect": "nothing"}, expect=422)
    assert {field.rpartition(".")[2] for field in fields_of(answer)} == {"reason", "effect"}


def test_licence_that_is_active_cannot_be_reinstated(made: World, officer: Caller) -> None:
    body = {"action": "reinstate", "reason": "Letter."}
    answer = officer.post(f"licences/{made.exporter.pk}/acts", body, expect=409)
    assert answer["code"] == "illegal_transition"


# --- Determinations ---
def test_determination_by_hand_is_made_and_kept(officer: Caller) -> None:
    from procurement.determinations.models import AdHocDetermination

    make.make_chip()
    answer = officer.post(
        "determinations", {"ask": {"chip": "h200-sxm", "to": "CN", "from": "US"}, "purpose": "A question."}
    )
    assert answer
    assert AdHocDetermination.objects.get().membership_id == officer.actor.membership.pk


@pytest.mark.parametrize(
    "body",
    [{"ask": {"chip": "h200-sxm"}}, {"ask": {"chip": "no-such-chip", "to": "CN"}, "purpose": "test"},
     {"ask": {"chip": "h200-sxm", "to": "Atlantis"}, "purpose": "test"},
     {"ask": {"surprise": "1", "chip": "h200-sxm", "to": "CN"}, "purpose": "test"}],
)  # fmt: skip
def test_determination_of_nonsense_is_refused(officer: Caller, body: dict[str, Any]) -> None:
    assert officer.post("determinations", body, expect=422)["code"] == "invalid_input"


def test_determinations_of_an_order_are_for_officers(made: World, officer: Caller, owner: Caller) -> None:
    lanes = {row["regime"]: row["lane"] for row in officer.get(f"determinations/of-order/{made.order.pk}")}
    assert lanes == {"us_ear": "licence_required", "prc_import": "licence_required"}
    assert owner.get(f"determinations/of-order/{made.order.pk}") == []
    owner.post("determinations", {"ask": {"chip": "h200-sxm", "to": "CN"}, "purpose": "test"}, expect=403)


@pytest.mark.parametrize("path", ["orders", "filings", "cases", "licences", "jobs"])
def test_list_is_paged(officer: Caller, made: World, path: str) -> None:
    for nonsense in ("limit=0", "limit=-1", "offset=-1", "limit=x"):
        assert officer.send("GET", f"{path}?{nonsense}").status_code == 422, nonsense
    page = officer.get(f"{path}?limit=1&offset=0")
    assert len(page["items"]) <= 1
    assert page["count"] >= len(page["items"])


@pytest.mark.parametrize(
    ("path", "field"),
    [("orders", "state"), ("filings", "state"), ("cases", "queue"), ("licences", "state")],
)
def test_list_narrowed_by_no_such_name_is_refused(officer: Caller, path: str, field: str) -> None:
    assert fields_of(officer.get(f"{path}?{field}=sleeping", expect=422)) == {field}


@pytest.mark.parametrize("queue", ["open", "mine", "countersign", "waiting", "closed"])
def test_queue_of_every_name_is_listed(officer: Caller, queue: str) -> None:
    officer.get(f"cases?queue={queue}")


def test_licences_are_listed_by_their_state(made: World, owner: Caller) -> None:
    assert owner.get("licences?state=revoked")["items"] == []
    assert made.exporter.reference in {row["reference"] for row in owner.get("licences?state=active")["items"]}


@pytest.mark.parametrize("path", ["orders", "filings", "cases", "licences", "jobs"])
def test_object_of_no_uuid_is_refused(officer: Caller, path: str) -> None:
    assert officer.send("GET", f"{path}/not-a-uuid").status_code in (404, 422)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_nothing_is_changed_by_other_methods(made: World, owner: Caller, method: str) -> None:
    assert owner.send(method, f"orders/{made.order.pk}", {}).status_code == 405
