"""Acts on a licence: one officer stops use at once; letting it go on, reinstating and revoking take two persons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.utils import IntegrityError
from django.utils import timezone

from accounts.actors import Actor
from accounts.roles import Role
from allocation.dispatch.housekeeping import keep_house
from ledger import events
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.models import Entry
from ledger.transitions import IllegalTransition
from procurement.licences.acts import (
    Proposal,
    countersign_licence_act,
    propose_licence_act,
    suspend_licence,
    withdraw_licence_act,
)
from procurement.licences.models import LegalEffect, Licence, LicenceAct, LicenceLine, Side
from procurement.licences.services import expire_licences
from procurement.licences.states import LicenceAction, LicenceState
from tests import factories as make

pytestmark = pytest.mark.django_db
REINSTATE = Proposal(LicenceAction.REINSTATE, "The authority has lifted its suspension.")


@pytest.fixture
def licence() -> Licence:
    return make.make_licence(Side.EXPORTER, make.make_order())


@pytest.fixture
def told() -> Iterator[list[events.LicenceChanged]]:
    """What allocation is told of licences."""
    changes: list[events.LicenceChanged] = []
    events.subscribe(events.LicenceChanged, changes.append)
    yield changes
    events._subscribers[events.LicenceChanged].remove(changes.append)


def suspended(licence: Licence) -> Licence:
    suspend_licence(actor=make.make_officer(), licence=licence, reason="A letter of the authority.")
    return Licence.objects.get(pk=licence.pk)


def state_of(licence: Licence) -> str:
    return Licence.objects.get(pk=licence.pk).state


@pytest.mark.parametrize(("effect", "stop_now"), [(LegalEffect.DRAIN, False), (LegalEffect.STOP_NOW, True)])
def test_suspension_that_stops_use_holds_at_once_by_one_officer(
    licence: Licence, told: list[events.LicenceChanged], effect: LegalEffect, stop_now: bool
) -> None:
    act = suspend_licence(actor=make.make_officer(), licence=licence, reason="A letter.", effect=effect)
    assert act.in_effect_at is not None
    assert state_of(licence) == LicenceState.SUSPENDED
    reason = f"{licence.reference} was suspended: A letter."
    assert told == [events.LicenceChanged(licence.pk, "suspended", True, reason, stop_now)]
    assert Entry.objects.get(act="licence.suspended").facts["effect"] == effect


@pytest.mark.parametrize("effect", [LegalEffect.NO_NEW_STARTS, LegalEffect.NO_NEW_SHIPMENTS])
def test_suspension_that_lets_use_go_on_is_only_proposed(
    licence: Licence, told: list[events.LicenceChanged], effect: LegalEffect
) -> None:
    act = suspend_licence(
        actor=make.make_officer(), licence=licence, reason="A letter.", effect=effect, basis="Letter 7, paragraph 2"
    )
    assert (act.in_effect_at, state_of(licence), told) == (None, LicenceState.ACTIVE, [])
    countersign_licence_act(actor=make.make_officer(), act=act)
    assert state_of(licence) == LicenceState.SUSPENDED
    assert [(each.drain, each.stop_now) for each in told] == [(False, False)]


def test_suspension_that_lets_use_go_on_without_a_basis_is_refused(licence: Licence) -> None:
    with pytest.raises(InvalidInput, match="Name the basis"):
        suspend_licence(
            actor=make.make_officer(), licence=licence, reason="A letter.", effect=LegalEffect.NO_NEW_STARTS
        )


def test_suspension_without_a_reason_is_refused(licence: Licence) -> None:
    with pytest.raises(InvalidInput, match="fill in the reason"):
        suspend_licence(actor=make.make_officer(), licence=licence, reason="  ")


def test_suspension_of_a_suspended_licence_that_stops_no_more_is_refused(licence: Licence) -> None:
    with pytest.raises(Overtaken, match="suspended already"):
        suspend_licence(actor=make.make_officer(), licence=suspended(licence), reason="Again.")
    milder = Proposal(LicenceAction.SUSPEND, "Let use go on.", LegalEffect.NO_NEW_SHIPMENTS, "Letter 8")
    with pytest.raises(Overtaken, match="reinstate it"):
        propose_licence_act(actor=make.make_officer(), licence=licence, proposal=milder)


def test_suspension_that_let_use_go_on_is_made_stricter_by_one_officer_at_once(
    licence: Licence, told: list[events.LicenceChanged]
) -> None:
    mild = {"effect": LegalEffect.NO_NEW_SHIPMENTS, "basis": "Letter 7"}
    countersign_licence_act(actor=make.make_officer(), act=suspend_licence(
        actor=make.make_officer(), licence=licence, reason="A letter.", **mild))  # fmt: skip
    waiting = propose_licence_act(actor=make.make_officer(), licence=licence, proposal=REINSTATE)
    before = Licence.objects.get(pk=licence.pk).version
    suspend_licence(actor=make.make_officer(), licence=licence, reason="Diversion was found.")
    assert [(each.drain, each.stop_now) for each in told] == [(False, False), (True, False)]
    assert Licence.objects.get(pk=licence.pk).version > before
    with pytest.raises(Overtaken, match="withdrawn already"):
        countersign_licence_act(actor=make.make_officer(), act=waiting)


def test_officer_of_the_team_that_ordered_turns_down_no_act_on_its_licence(licence: Licence) -> None:
    revoke = Proposal(LicenceAction.REVOKE, "It was withdrawn by the authority.")
    act = propose_licence_act(actor=make.make_officer(), licence=licence, proposal=revoke)
    insider = make.make_officer(person=licence.order.applicant.person)
    with pytest.raises(NotPermitted, match="team that ordered"):
        withdraw_licence_act(actor=insider, act=act, reason="No.")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OFFICER])
def test_suspension_by_anybody_but_an_officer_is_not_permitted(licence: Licence, role: Role) -> None:
    with pytest.raises(NotPermitted):
        suspend_licence(actor=make.make_actor(role), licence=licence, reason="A letter.")
    assert state_of(licence) == LicenceState.ACTIVE


def test_reinstatement_takes_effect_with_the_second_person(licence: Licence, told: list[events.LicenceChanged]) -> None:
    act = propose_licence_act(actor=make.make_officer(), licence=suspended(licence), proposal=REINSTATE)
    assert state_of(licence) == LicenceState.SUSPENDED
    countersign_licence_act(actor=make.make_officer(), act=act)
    assert state_of(licence) == LicenceState.ACTIVE
    assert [(each.cause, each.drain) for each in told] == [("suspended", True), ("reinstated", False)]


def test_countersignature_by_the_proposer_is_refused_in_plain_words(licence: Licence) -> None:
    officer = make.make_officer()
    act = propose_licence_act(actor=officer, licence=suspended(licence), proposal=REINSTATE)
    with pytest.raises(NotPermitted, match="You proposed this act. A second person has to countersign it."):
        countersign_licence_act(actor=officer, act=act)
    assert state_of(licence) == LicenceState.SUSPENDED


def test_countersignature_by_the_proposer_through_another_membership_is_refused(licence: Licence) -> None:
    officer = make.make_officer()
    act = propose_licence_act(actor=officer, licence=suspended(licence), proposal=REINSTATE)
    with pytest.raises(NotPermitted):
        countersign_licence_act(actor=make.make_officer(person=officer.person), act=act)


def sign_by_sql(act: LicenceAct, signer: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procurement_licenceact SET countersigner_id = %s, countersigner_person_id = %s,"
            " countersigner_team_id = %s, in_effect_at = now() WHERE id = %s",
            [signer.membership.pk, signer.person.pk, signer.team.pk, act.pk],
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_countersignature_by_the_proposer_in_raw_sql_is_refused_by_the_database(licence: Licence) -> None:
    officer = make.make_officer()
    act = propose_licence_act(actor=officer, licence=suspended(licence), proposal=REINSTATE)
    with pytest.raises(IntegrityError, match="licence_act_four_eyes"):
        sign_by_sql(act, make.make_officer(person=officer.person))


def test_countersignature_of_an_operator_in_raw_sql_is_refused_by_the_database(licence: Licence) -> None:
    act = propose_licence_act(actor=make.make_officer(), licence=suspended(licence), proposal=REINSTATE)
    with pytest.raises(IntegrityError, match="not that of a serving officer"):
        sign_by_sql(act, make.make_operator())


def test_act_of_two_in_effect_with_one_name_is_refused_by_the_database(licence: Licence) -> None:
    act = propose_licence_act(actor=make.make_officer(), licence=suspended(licence), proposal=REINSTATE)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="licence_act_grave_needs_two"):
        cursor.execute("UPDATE procurement_licenceact SET in_effect_at = now() WHERE id = %s", [act.pk])


def test_second_proposal_while_one_waits_is_refused_and_names_the_first(licence: Licence) -> None:
    first = make.make_officer()
    propose_licence_act(actor=first, licence=suspended(licence), proposal=REINSTATE)
    revoke = Proposal(LicenceAction.REVOKE, "It was withdrawn by the authority.")
    with pytest.raises(Overtaken, match=first.person.name):
        propose_licence_act(actor=make.make_officer(), licence=licence, proposal=revoke)


def test_withdrawn_proposal_cannot_be_countersigned(licence: Licence) -> None:
    act = propose_licence_act(actor=make.make_officer(), licence=suspended(licence), proposal=REINSTATE)
    withdraw_licence_act(actor=make.make_officer(), act=act, reason="The letter was misread.")
    with pytest.raises(Overtaken, match="withdrawn already"):
        countersign_licence_act(actor=make.make_officer(), act=act)


def test_proposal_countersigned_twice_is_refused_and_names_the_signer(licence: Licence) -> None:
    second = make.make_officer()
    act = propose_licence_act(actor=make.make_officer(), licence=suspended(licence), proposal=REINSTATE)
    countersign_licence_act(actor=second, act=act)
    with pytest.raises(Overtaken, match=second.person.name):
        countersign_licence_act(actor=make.make_officer(), act=act)


def test_revocation_drains_and_is_final(licence: Licence, told: list[events.LicenceChanged]) -> None:
    revoke = Proposal(LicenceAction.REVOKE, "It was withdrawn by the authority.")
    act = propose_licence_act(actor=make.make_officer(), licence=licence, proposal=revoke)
    countersign_licence_act(actor=make.make_officer(), act=act)
    assert state_of(licence) == LicenceState.REVOKED
    assert [(each.cause, each.drain) for each in told] == [("revoked", True)]
    with pytest.raises(IllegalTransition):
        propose_licence_act(actor=make.make_officer(), licence=licence, proposal=REINSTATE)


@pytest.mark.parametrize(("days", "expired"), [(-1, True), (0, False), (1, False)])
def test_licence_expires_the_day_after_its_last_day_of_use(licence: Licence, days: int, expired: bool) -> None:
    last = make.today() + timedelta(days=days)
    LicenceLine.objects.filter(licence=licence).update(ship_until=last, use_until=last)
    assert [each.pk for each in expire_licences(now=timezone.now())] == ([licence.pk] if expired else [])


def test_licence_without_a_last_day_of_use_never_expires(licence: Licence) -> None:
    past = make.today() - timedelta(days=400)
    LicenceLine.objects.filter(licence=licence).update(ship_until=past, use_until=None)
    assert expire_licences(now=timezone.now()) == []


def test_housekeeping_expires_what_has_ended(licence: Licence, told: list[events.LicenceChanged]) -> None:
    last = make.today() - timedelta(days=1)
    LicenceLine.objects.filter(licence=licence).update(ship_until=last, use_until=last)
    keep_house()
    assert state_of(licence) == LicenceState.EXPIRED
    assert [(each.cause, each.drain) for each in told] == [("expired", True)]
