"""An order from draft to decision: everything typed is kept, everything missing is named, nobody sees another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounts.actors import Actor
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted
from ledger.models import Entry
from ledger.transitions import IllegalTransition
from procurement.determinations.models import Determination
from procurement.orders import drafts, queries, resuming, services, shown
from procurement.orders.blockers import order_blockers
from procurement.orders.models import DemandAssessment, EndUse, Order, PartyRole
from procurement.orders.states import OrderState
from procurement.parties.models import Ownership, Party, ScreeningState
from procurement.regimes.lanes import Lane
from procurement.review import services as review
from procurement.review.models import Case, Decision
from procurement.review.states import CaseKind, CaseState, Outcome
from procurement.screening.models import ListSnapshot
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def applicant() -> Actor:
    return make.make_applicant()


@pytest.fixture
def facts(applicant: Actor) -> drafts.OrderFacts:
    """A whole order: nothing is missing."""
    chip, site = make.make_chip(), make.make_site()
    exporter = make.make_party("Supplier Inc.", country="US", hq_country="US", ultimate_parent_country="US")
    roles = (PartyRole.PURCHASER, PartyRole.ULTIMATE_CONSIGNEE, PartyRole.END_USER)
    return drafts.OrderFacts(
        demand=make.make_demand(applicant=applicant, chip=chip),
        site=site,
        end_use=EndUse.TRAINING,
        use_case="Trains language models.",
        domestic_alternatives="Ascend 910C lacks the operators.",
        has_encryption=False,
        lines=(drafts.Line(chip, 8),),
        parties=(
            drafts.Named(exporter, PartyRole.EXPORTER),
            *(drafts.Named(site.operator, role) for role in roles),
        ),
    )


@pytest.fixture
def lists() -> ListSnapshot:
    """A list is loaded, and names nobody."""
    return ListSnapshot.objects.create(
        source_code="HOUSE", title="House list", is_fictional=True, published_on=make.today(), sha256="0" * 64,
        entry_count=0, name_count=0,
    )  # fmt: skip


def submitted(applicant: Actor, facts: drafts.OrderFacts) -> Order:
    order = drafts.create_order(actor=applicant, facts=facts)
    return services.submit_order(actor=applicant, order=order)


def owner_of(owned: Party, **fields: Any) -> Party:
    """Somebody two levels up, named nowhere in the order."""
    owner, middle = make.make_party(**fields), make.make_party()
    Ownership.objects.create(owner=middle, owned=owned, share_percent=60)
    Ownership.objects.create(owner=owner, owned=middle, share_percent=None)
    return owner


def decision(order: Order, outcome: Outcome) -> Decision:
    """A final decision on the order's case, as review hands it over."""
    case, first, second = order.cases.get(), make.make_officer(), make.make_officer()
    return Decision.objects.create(
        case=case, outcome=outcome, reason="As advised.", applicant_person=case.applicant_person,
        applicant_team=case.applicant_team, decider=first.membership, decider_person=first.person,
        decider_team=first.team, countersigner=second.membership, countersigner_person=second.person,
        countersigner_team=second.team, final_at=make.timezone.now(),
    )  # fmt: skip


def settle(order: Order, lane: Lane = Lane.LICENCE_REQUIRED) -> None:
    """Both regimes answered ``lane``, and every party is clear."""
    order.determinations.update(superseded_at=make.timezone.now())
    for regime in ("us-ear", "prc-import"):
        Determination.objects.create(
            order=order, regime=regime, on=make.today(), lane=lane, inputs={}, result={}, rule_versions=[],
            rule_set_sha256="0" * 64, result_sha256="0" * 64,
        )  # fmt: skip
    Party.objects.update(screening_state=ScreeningState.CLEAR)


def test_demand_stated_has_its_reference_and_its_ledger_row(applicant: Actor) -> None:
    wanted = drafts.Demand(make.make_chip(), 8, make.today(), make.today() + timedelta(days=30), "Training")
    stated = drafts.state_demand(actor=applicant, demand=wanted)
    assert stated.reference.startswith("DEM-")
    assert Entry.objects.get(act="demand.stated").subject_ref == stated.reference


@pytest.mark.parametrize(
    ("quantity", "days", "purpose", "field"),
    [(0, 30, "x", "quantity"), (100_001, 30, "x", "quantity"), (8, 0, "x", "needed_until"), (8, 30, " ", "purpose")],
)
def test_demand_that_does_not_fit_is_refused(
    applicant: Actor, quantity: int, days: int, purpose: str, field: str
) -> None:
    wanted = drafts.Demand(make.make_chip(), quantity, make.today(), make.today() + timedelta(days=days), purpose)
    with pytest.raises(InvalidInput) as refusal:
        drafts.state_demand(actor=applicant, demand=wanted)
    assert refusal.value.field == field


def test_draft_with_gaps_is_saved_and_names_each_gap(applicant: Actor, facts: drafts.OrderFacts) -> None:
    bare = replace(facts, use_case="", domestic_alternatives="", lines=(), parties=())
    order = drafts.create_order(actor=applicant, facts=bare)
    assert [each.section for each in order_blockers(order)] == ["chips", *["parties"] * 4, "use-case", "domestic"]
    with pytest.raises(ComplianceRefusal) as refusal:
        services.submit_order(actor=applicant, order=order)
    assert len(refusal.value.blockers) == 7
    assert Order.objects.get(pk=order.pk).state == OrderState.DRAFT


def test_draft_changed_in_one_field_keeps_the_others(applicant: Actor, facts: drafts.OrderFacts) -> None:
    order = drafts.create_order(actor=applicant, facts=facts)
    drafts.update_order(actor=applicant, order=order, changes={"use_case": "Something else."})
    order.refresh_from_db()
    assert (order.use_case, order.lines.count(), order.parties.count()) == ("Something else.", 1, 4)
    assert Entry.objects.get(act="order.changed").facts == {"fields": ["use_case"]}


def test_order_handed_in_can_no_longer_be_changed(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot
) -> None:
    order = submitted(applicant, facts)
    with pytest.raises(ComplianceRefusal, match="can no longer be changed"):
        drafts.update_order(actor=applicant, order=order, changes={"use_case": "Another."})


def test_order_handed_in_is_determined_screened_and_has_a_case(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot
) -> None:
    order = submitted(applicant, facts)
    assert order.state == OrderState.IN_REVIEW
    assert order.determinations.filter(superseded_at=None).count() == 2
    assert set(Party.objects.values_list("screening_state", flat=True)) == {ScreeningState.CLEAR}
    case = Case.objects.get(order=order)
    assert (case.state, case.applicant) == (CaseState.OPEN, applicant.membership)


def test_order_handed_in_twice_is_refused(applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot) -> None:
    order = submitted(applicant, facts)
    with pytest.raises(IllegalTransition):
        services.submit_order(actor=applicant, order=order)


def test_order_of_another_team_does_not_exist_for_the_applicant(applicant: Actor, facts: drafts.OrderFacts) -> None:
    order = drafts.create_order(actor=applicant, facts=facts)
    other = make.make_applicant()
    assert not queries.visible_to(other).filter(pk=order.pk).exists()
    for act in (services.submit_order, services.withdraw_order):
        with pytest.raises(Order.DoesNotExist):
            act(actor=other, order=order)
    with pytest.raises(Order.DoesNotExist):
        drafts.update_order(actor=other, order=order, changes={"use_case": "Mine."})


def test_order_with_another_teams_demand_or_party_is_refused(applicant: Actor, facts: drafts.OrderFacts) -> None:
    other = make.make_applicant()
    foreign = make.make_party(team=other.team)
    with pytest.raises(InvalidInput, match="a demand that your team stated"):
        drafts.create_order(actor=other, facts=facts)
    parties = (drafts.Named(foreign, PartyRole.END_USER),)
    with pytest.raises(InvalidInput, match="Choose parties of the list"):
        drafts.create_order(actor=applicant, facts=replace(facts, parties=parties))


@pytest.mark.parametrize("role", ["officer", "operator", "auditor", "liaison"])
def test_order_drafted_by_anybody_but_an_applicant_is_not_permitted(facts: drafts.OrderFacts, role: str) -> None:
    with pytest.raises(NotPermitted):
        drafts.create_order(actor=make.make_actor(role), facts=facts)


def test_orders_seen_by_each_role(applicant: Actor) -> None:
    draft = make.make_order(applicant=applicant, state=OrderState.DRAFT)
    review = make.make_order(applicant=applicant, state=OrderState.IN_REVIEW)
    approved = make.make_order(applicant=applicant)
    seen = {
        "applicant": {draft, review, approved}, "officer": {review, approved}, "auditor": {review, approved},
        "operator": {review, approved}, "liaison": {approved},
    }  # fmt: skip
    for role, orders in seen.items():
        actor = applicant if role == "applicant" else make.make_actor(role)
        assert set(queries.visible_to(actor)) == orders, role


def test_approval_without_blockers_approves(applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot) -> None:
    order = submitted(applicant, facts)
    settle(order)
    services.apply_order_decision(actor=make.make_officer(), order=order, decision=decision(order, Outcome.APPROVE))
    assert Order.objects.get(pk=order.pk).state == OrderState.APPROVED


@pytest.mark.parametrize("lane", [Lane.PROHIBITED, Lane.UNDETERMINED])
def test_approval_in_a_shut_lane_is_refused(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot, lane: Lane
) -> None:
    order = submitted(applicant, facts)
    settle(order, lane)
    made = decision(order, Outcome.APPROVE)
    with pytest.raises(ComplianceRefusal, match="cannot be approved now") as refusal:
        services.apply_order_decision(actor=make.make_officer(), order=order, decision=made)
    assert refusal.value.blockers == (f"Determination prc-import: {lane}.", f"Determination us-ear: {lane}.")


@pytest.mark.parametrize("lane", [Lane.HELD_REPORTED, Lane.EXCEPTION, Lane.NO_REQUIREMENT_FOUND])
def test_approval_in_an_open_lane_is_for_two_officers_to_decide(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot, lane: Lane
) -> None:
    order = submitted(applicant, facts)
    settle(order, lane)
    assert services.approval_blockers(order) == []


@pytest.mark.parametrize("state", [ScreeningState.UNDECIDED, ScreeningState.MATCHED, ScreeningState.NOT_SCREENED])
def test_approval_with_a_party_that_is_not_clear_is_refused(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot, state: ScreeningState
) -> None:
    order = submitted(applicant, facts)
    settle(order)
    Party.objects.filter(pk=facts.site.operator.pk).update(screening_state=state)
    made = decision(order, Outcome.APPROVE)
    with pytest.raises(ComplianceRefusal) as refusal:
        services.apply_order_decision(actor=make.make_officer(), order=order, decision=made)
    assert [text.startswith(facts.site.operator.name) for text in refusal.value.blockers] == [True]


def test_decline_needs_no_clear_lane(applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot) -> None:
    order = submitted(applicant, facts)
    settle(order, Lane.PROHIBITED)
    services.apply_order_decision(actor=make.make_officer(), order=order, decision=decision(order, Outcome.DECLINE))
    assert Order.objects.get(pk=order.pk).state == OrderState.DECLINED


def test_confirmed_match_stops_each_order_that_names_the_party(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot
) -> None:
    order, untouched = submitted(applicant, facts), make.make_order()
    officer = make.make_officer()
    stopped = services.stop_orders_naming(actor=officer, party=facts.site.operator, reason="A listed party.")
    assert stopped == [order]
    assert Order.objects.get(pk=order.pk).state == OrderState.STOPPED
    assert Order.objects.get(pk=untouched.pk).state == OrderState.APPROVED
    assert Entry.objects.get(act="order.stopped").facts == {"reason": "A listed party."}


def test_confirmed_match_on_an_owner_stops_the_orders_of_what_it_owns(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot
) -> None:
    order, untouched, officer = submitted(applicant, facts), make.make_order(), make.make_officer()
    owner = owner_of(facts.site.operator)
    assert services.stop_orders_naming(actor=officer, party=owner, reason="A listed owner.") == [order]
    assert Order.objects.get(pk=untouched.pk).state == OrderState.APPROVED
    Party.objects.filter(pk=owner.pk).update(screening_state=ScreeningState.MATCHED)
    with pytest.raises(ComplianceRefusal, match="stays stopped"):
        resuming.propose_resumption(actor=officer, order=order, reason="Released.")


def test_ended_share_no_longer_stops_the_orders_of_what_was_owned(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot
) -> None:
    submitted(applicant, facts)
    owner = owner_of(facts.site.operator)
    Ownership.objects.update(ends_on=make.today())
    assert services.stop_orders_naming(actor=make.make_officer(), party=owner, reason="A listed owner.") == []


def test_stopped_order_resumes_only_once_no_party_is_matched(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot
) -> None:
    order, officer = submitted(applicant, facts), make.make_officer()
    services.stop_order(actor=officer, order=order, reason="A listed party.")
    Party.objects.filter(pk=facts.site.operator.pk).update(screening_state=ScreeningState.MATCHED)
    with pytest.raises(ComplianceRefusal, match="stays stopped"):
        resuming.propose_resumption(actor=officer, order=order, reason="Released.")
    Party.objects.update(screening_state=ScreeningState.CLEAR)
    act = resuming.propose_resumption(actor=officer, order=order, reason="Released.")
    assert Order.objects.get(pk=order.pk).state == OrderState.STOPPED
    resuming.countersign_resumption(actor=make.make_officer(), act=act)
    assert Order.objects.get(pk=order.pk).state == OrderState.IN_REVIEW


def test_withdrawn_order_closes_its_case(applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot) -> None:
    order = submitted(applicant, facts)
    services.withdraw_order(actor=applicant, order=order, reason="No longer needed.")
    assert Order.objects.get(pk=order.pk).state == OrderState.WITHDRAWN
    assert order.cases.get().state == CaseState.WITHDRAWN


def test_withdrawn_order_leaves_an_incident_on_it_open(
    applicant: Actor, facts: drafts.OrderFacts, lists: ListSnapshot
) -> None:
    order = submitted(applicant, facts)
    matter = review.Matter(kind=CaseKind.INCIDENT, title="Device without a licence", order=order)
    incident = review.open_case(actor=None, matter=matter, applicant=None)
    services.withdraw_order(actor=applicant, order=order)
    assert Case.objects.get(pk=incident.pk).state == CaseState.OPEN


def test_approved_order_cannot_be_withdrawn(applicant: Actor) -> None:
    order = make.make_order(applicant=applicant)
    with pytest.raises(IllegalTransition):
        services.withdraw_order(actor=applicant, order=order)


def test_demand_of_another_team_is_not_seen(applicant: Actor) -> None:
    make.make_demand(applicant=applicant)
    assert queries.demands_visible_to(make.make_applicant()).count() == 0
    assert queries.demands_visible_to(applicant).count() == DemandAssessment.objects.count() == 1


def test_submit_naming_a_party_matched_before_is_in_review_and_is_not_approved(
    applicant: Actor, facts: drafts.OrderFacts
) -> None:
    """The team learns nothing of the match by handing in; the officers' approval is where it stops."""
    matched = make.make_party("Matched Co.", screening_state=ScreeningState.MATCHED)
    consignee = drafts.Named(party=matched, role=PartyRole.INTERMEDIATE_CONSIGNEE)
    named = replace(facts, parties=[*facts.parties, consignee])
    order = services.submit_order(actor=applicant, order=drafts.create_order(actor=applicant, facts=named))
    assert order.state == OrderState.IN_REVIEW
    assert "Matched Co. is matched to a list entry." in services.approval_blockers(order)
    assert not Entry.objects.filter(act="order.stopped").exists()


def test_submit_with_an_owner_matched_before_is_in_review_and_is_not_approved(
    applicant: Actor, facts: drafts.OrderFacts
) -> None:
    owner = owner_of(facts.site.operator, screening_state=ScreeningState.MATCHED)
    order = submitted(applicant, facts)
    assert order.state == OrderState.IN_REVIEW
    assert f"{owner.name} is matched to a list entry." in services.approval_blockers(order)


def test_submit_with_a_match_looks_to_the_team_as_any_other(applicant: Actor, facts: drafts.OrderFacts) -> None:
    plain = submitted(applicant, facts)
    owner_of(facts.site.operator, screening_state=ScreeningState.MATCHED)
    named = services.submit_order(actor=applicant, order=drafts.create_order(actor=applicant, facts=facts))
    told = [detail_context(order, applicant) for order in (plain, named)]
    assert told[0] == told[1]


def detail_context(order: Order, actor: Actor) -> tuple[object, ...]:
    """What the team's page says of an order's standing."""
    page = shown.page(Order.objects.get(pk=order.pk), actor)
    return order.state, [str(each) for each in page["blockers"]], [row["screening"] for row in page["parties"]]
