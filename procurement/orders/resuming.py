"""A stopped order whose cause is gone goes back into review: one officer proposes, a second countersigns."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import ComplianceRefusal, NotPermitted, Overtaken
from ledger.services import record
from ledger.transitions import advance
from procurement.orders.models import Order, Resumption
from procurement.orders.queries import lock, open_cases_of
from procurement.orders.services import matter_of
from procurement.orders.states import EDGES, OrderAction
from procurement.parties.models import ScreeningState
from procurement.review import services as review
from procurement.screening.subjects import parties_of_order
from procurement.two_persons import refuse_overtaken, said


def propose_resumption(*, actor: Actor, order: Order, reason: str) -> Resumption:
    """Propose that a stopped order goes on; nothing changes until a second officer signs.

    Raises:
        NotPermitted: of the team that ordered.
        InvalidInput: no reason.
        ComplianceRefusal: a party is still matched.
        Overtaken: another proposal waits; the message says whose.
    """
    with transaction.atomic():
        locked = _locked(actor, order.pk)
        advance(EDGES, locked.state, OrderAction.RESUME)
        _refuse_matched(locked)
        waiting = open_resumption(locked)
        if waiting is not None:
            who = waiting.proposer_person.name
            raise Overtaken(f"{who} has proposed it already; that is countersigned or withdrawn first.")
        act = Resumption.objects.create(
            order=locked, reason=said(reason), proposer=actor.membership, proposer_person=actor.person,
            proposer_team=actor.team,
        )  # fmt: skip
        facts = {"act": str(act.pk), "reason": act.reason}
        record("order.resumption_proposed", locked, actor=actor, facts=facts)
    return act


def countersign_resumption(*, actor: Actor, act: Resumption) -> Order:
    """Sign as the second person: the order is in review again, with a case open on it.

    Raises:
        NotPermitted: the same person proposed it, or somebody of the team that ordered.
        ComplianceRefusal: a party is matched (again).
        Overtaken: it is in effect or withdrawn already.
    """
    with transaction.atomic():
        locked = _locked(actor, act.order_id)
        current = _open(act.pk)
        _refuse_matched(locked)
        current.sign(actor)
        current.save()
        locked.state = advance(EDGES, locked.state, OrderAction.RESUME)
        locked.save(update_fields=["state"])
        record("order.resumed", locked, actor=actor, facts={"act": str(current.pk), "reason": current.reason})
        if not open_cases_of(locked).exists():
            review.open_case(actor=actor, matter=matter_of(locked), applicant=locked.applicant)
    return locked


def withdraw_resumption(*, actor: Actor, act: Resumption, reason: str) -> Resumption:
    """Take a proposal back, or turn it down; the order stays stopped."""
    with transaction.atomic():
        locked = _locked(actor, act.order_id)
        current = _open(act.pk)
        current.withdrawn_at = timezone.now()
        current.save(update_fields=["withdrawn_at"])
        facts = {"act": str(current.pk), "reason": said(reason)}
        record("order.resumption_proposal_withdrawn", locked, actor=actor, facts=facts)
    return current


def open_resumption(order: Order) -> Resumption | None:
    """The proposal that waits for a second officer."""
    rows = order.resumptions.filter(in_effect_at=None, withdrawn_at=None).select_related("proposer_person")
    return rows.first()


def _locked(actor: Actor, order_id: uuid.UUID) -> Order:
    """The order, locked; the case before it, as everywhere, since a countersignature locks in that sequence."""
    actor.require(Act.DECIDE_HIT)
    list(open_cases_of(Order(pk=order_id)).select_for_update(of=("self",)))
    locked = lock(order_id)
    if actor.is_of(locked.team_id):
        raise NotPermitted("You are of the team that ordered; another officer has to act.")
    return locked


def _open(act_id: uuid.UUID) -> Resumption:
    rows = Resumption.objects.select_for_update(of=("self",)).select_related("countersigner_person")
    act = rows.get(pk=act_id)
    refuse_overtaken(act)
    return act


def _refuse_matched(order: Order) -> None:
    matched = parties_of_order(order).filter(screening_state=ScreeningState.MATCHED)
    names = tuple(f"{party.name} is matched to a list entry." for party in matched)
    if names:
        raise ComplianceRefusal(f"{order.reference} stays stopped.", blockers=names)
