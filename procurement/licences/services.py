"""Every act on a licence: record it from its document, activate, suspend, propose, countersign, let it expire."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger import events
from ledger.documents import Upload, store_document
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.services import next_reference, record
from ledger.transitions import advance
from procurement.catalog.models import ChipModel
from procurement.licences import queries
from procurement.licences.conditions import check_parameter
from procurement.licences.models import Condition, ConditionKind, LegalEffect, Licence, LicenceAct, LicenceLine, Side
from procurement.licences.states import EDGES, NEEDS_TWO, LicenceAction, LicenceState
from procurement.orders.models import EndUse, Order
from procurement.orders.states import OrderState
from procurement.parties.models import Party, Site

STOPS_USE: Final = frozenset({LegalEffect.DRAIN, LegalEffect.STOP_NOW})
GRANTED_LIMIT: Final = 100_000
REASON_LIMIT: Final = 2_000


@dataclass(frozen=True)
class GrantedLine:
    """So many units of a chip for one site, end user and set of end uses.

    ``ship_until`` is the last day of shipments and receipts; ``use_until`` the last day of use, where there is one.
    """

    chip: ChipModel
    granted: int
    site: Site
    end_user: Party
    end_uses: tuple[EndUse, ...]
    ship_until: date
    use_until: date | None = None


@dataclass(frozen=True)
class Proviso:
    """A condition as the paper states it; ``parameter`` is what a machine checks (see ``conditions``).

    One that no machine checks needs a person's attestation with an expiry, here or later: without one nothing starts.
    """

    kind: ConditionKind
    text: str
    parameter: dict[str, Any] = field(default_factory=dict)
    is_machine_checked: bool = False
    attested_until: date | None = None


@dataclass(frozen=True)
class Paper:
    """What an authority's document says."""

    side: Side
    authority: str
    number: str
    order: Order
    holder: Party
    issued_on: date
    valid_from: date
    lines: Sequence[GrantedLine]
    conditions: Sequence[Proviso] = ()
    kind: str = "licence"


@dataclass(frozen=True)
class Proposal:
    """An act on a licence, with its reason; ``basis`` names the rule or letter it rests on."""

    action: LicenceAction
    reason: str
    effect: LegalEffect | None = None
    basis: str = ""


def record_licence(*, actor: Actor, paper: Paper, upload: Upload) -> Licence:
    """Record a licence from its document, as a draft: nothing rests on it until it is activated.

    Raises:
        InvalidInput: no lines, a quantity, date or condition that does not fit, a number recorded before,
            an order that is not approved, or a document that is too large or of another kind.
    """
    with transaction.atomic():
        actor.require(Act.RECORD_LICENCE)
        order = Order.objects.select_for_update().get(pk=paper.order.pk)
        _refuse_applicants_side(actor, order)
        _check_paper(paper, order)
        licence = Licence.objects.create(
            reference=next_reference("LIC"), side=paper.side, authority=_plain(paper.authority),
            number=_plain(paper.number), kind=paper.kind.strip(), order=order, holder=paper.holder,
            issued_on=paper.issued_on, valid_from=paper.valid_from, recorded_by=actor.membership,
        )  # fmt: skip
        for number, line in enumerate(paper.lines, start=1):
            values = {**vars(line), "end_uses": [str(use) for use in line.end_uses]}
            LicenceLine.objects.create(licence=licence, number=number, **values)
        for each in paper.conditions:
            _write_condition(actor, licence, each)
        record("licence.recorded", licence, actor=actor, facts=_facts(licence))
        store_document(actor=actor, subject=licence, upload=upload, title=f"{licence.authority} {licence.number}")
    return licence


def activate_licence(*, actor: Actor, licence: Licence) -> Licence:
    """Put a recorded licence into force: from now on shipments and jobs may rest on it.

    Raises:
        NotPermitted: the same person recorded it. Two read the document, or one officer alone could bring back
            under another spelling what it takes two to reinstate.
    """
    with transaction.atomic():
        actor.require(Act.RECORD_LICENCE)
        locked = _locked(licence.pk)
        _refuse_applicants_side(actor, locked.order)
        if locked.recorded_by.person_id == actor.person.pk:
            raise NotPermitted("You recorded this licence. A second person reads it against its document.")
        _move(locked, LicenceAction.ACTIVATE)
        record("licence.activated", locked, actor=actor, facts=_facts(locked))
        _publish(locked, LicenceAction.ACTIVATE, None, "The licence is in force.")
    return locked


def suspend_licence(*, actor: Actor, licence: Licence, reason: str, effect: LegalEffect = LegalEffect.DRAIN,
                    basis: str = "") -> LicenceAct:  # fmt: skip
    """Suspend a licence. Where running jobs stop, one officer is enough and it holds at once.

    Letting existing use go on (no new shipments, or no new starts alone) takes a second person and the basis it
    rests on: then the act is only proposed.
    """
    proposal = Proposal(LicenceAction.SUSPEND, reason, effect, basis)
    if effect not in STOPS_USE:
        return propose_licence_act(actor=actor, licence=licence, proposal=proposal)
    with transaction.atomic():
        actor.require(Act.SUSPEND_LICENCE)
        locked = _locked(licence.pk)
        act = _new_act(actor, locked, proposal, in_effect_at=timezone.now())
        _carry_out(actor, locked, act)
    return act


def propose_licence_act(*, actor: Actor, licence: Licence, proposal: Proposal) -> LicenceAct:
    """Propose an act that takes two: reinstate, revoke, or suspend while existing use goes on.

    Raises:
        InvalidInput: an act that needs no second person, no reason, or no basis for letting use go on.
        Overtaken: another act waits already; the message says whose.
    """
    with transaction.atomic():
        actor.require(_act_for(proposal.action))
        locked = _locked(licence.pk)
        _refuse_applicants_side(actor, locked.order)
        _check_takes_two(proposal)
        advance(EDGES, locked.state, proposal.action)
        waiting = queries.open_act(locked)
        if waiting is not None:
            raise Overtaken(
                f"{waiting.proposer_person.name} has proposed to {waiting.action} {locked.reference} already; "
                "that act is countersigned or withdrawn first."
            )
        act = _new_act(actor, locked, proposal, in_effect_at=None)
        record(f"licence.{_noun(proposal.action)}_proposed", locked, actor=actor, facts=_act_facts(act))
    return act


def countersign_licence_act(*, actor: Actor, act: LicenceAct) -> LicenceAct:
    """Sign a proposed act as the second person; it takes effect in this transaction.

    Raises:
        NotPermitted: the same person proposed it, through whichever account or team.
        Overtaken: it is in effect or withdrawn already.
    """
    with transaction.atomic():
        actor.require(_act_for(LicenceAction(act.action)))
        locked = _locked(act.licence_id)
        _refuse_applicants_side(actor, locked.order)
        current = _open(act.pk)
        if current.proposer_person_id == actor.person.pk:
            raise NotPermitted("You proposed this act. A second person has to countersign it.")
        current.countersigner = actor.membership
        current.countersigner_person = actor.person
        current.countersigner_team = actor.team
        current.in_effect_at = timezone.now()
        current.save(
            update_fields=["countersigner", "countersigner_person", "countersigner_team", "in_effect_at"]
        )
        _carry_out(actor, locked, current)
    return current


def withdraw_licence_act(*, actor: Actor, act: LicenceAct, reason: str) -> LicenceAct:
    """Take a proposed act back, or turn it down; nothing changes on the licence."""
    with transaction.atomic():
        actor.require(_act_for(LicenceAction(act.action)))
        locked = _locked(act.licence_id)
        current = _open(act.pk)
        current.withdrawn_at = timezone.now()
        current.save(update_fields=["withdrawn_at"])
        facts = {"act": str(current.pk), "reason": _said(reason, "reason")}
        record(f"licence.{_noun(LicenceAction(current.action))}_proposal_withdrawn", locked, actor=actor, facts=facts)
    return current


def attest_condition(*, actor: Actor, condition: Condition, until: date) -> Condition:
    """Attest, as a named person and until a day, that a condition which no machine checks is kept.

    Raises:
        InvalidInput: a condition that a machine checks, or a day that has passed.
    """
    with transaction.atomic():
        actor.require(Act.RECORD_LICENCE)
        current = Condition.objects.select_for_update(of=("self",)).select_related("licence").get(pk=condition.pk)
        if current.licence is None or current.is_machine_checked:
            raise InvalidInput("Only a licence's condition that no machine checks is attested.")
        if until < timezone.now().date():
            raise InvalidInput("An attestation holds until a day to come.", field="until")
        current.attested_by, current.attested_until = actor.membership, until
        current.save(update_fields=["attested_by", "attested_until"])
        facts = {"condition": str(current.pk), "kind": current.kind, "until": until.isoformat()}
        record("licence.condition_attested", current.licence, actor=actor, facts=facts)
    return current


def expire_licences(*, now: datetime) -> list[Licence]:
    """Mark licences whose use has ended on every line; the effect itself is computed by date, with or without this."""
    expired = []
    for found in queries.ended_on(now.date()).order_by("pk"):
        with transaction.atomic():
            locked = _locked(found.pk)
            if locked.state not in (LicenceState.ACTIVE, LicenceState.SUSPENDED):
                continue
            _move(locked, LicenceAction.EXPIRE)
            record("licence.expired", locked, facts={"on": now.date().isoformat()})
            _publish(locked, LicenceAction.EXPIRE, LegalEffect.DRAIN, f"The use under {locked.reference} has ended.")
            expired.append(locked)
    return expired


def _write_condition(actor: Actor, licence: Licence, proviso: Proviso) -> None:
    attested = proviso.attested_until is not None
    Condition.objects.create(
        licence=licence,
        attested_by=actor.membership if attested else None,
        **{**vars(proviso), "text": proviso.text.strip()},
    )


def _plain(text: str) -> str:
    """The text without doubled or outer spaces."""
    return " ".join(text.split())


def _refuse_applicants_side(actor: Actor, order: Order) -> None:
    """The team that ordered does not decide on its own licences; to suspend one, which only stops, it may."""
    if actor.is_of(order.team_id):
        raise NotPermitted("You are of the team that ordered; another officer has to act.")


def _locked(licence_id: uuid.UUID) -> Licence:
    return Licence.objects.select_for_update(of=("self",)).select_related("order").get(pk=licence_id)


def _open(act_id: uuid.UUID) -> LicenceAct:
    act = LicenceAct.objects.select_for_update(of=("self",)).select_related("countersigner_person").get(pk=act_id)
    if act.withdrawn_at is not None:
        raise Overtaken("This act was withdrawn already.")
    if act.in_effect_at is not None:
        by = f" since {act.countersigner_person.name} countersigned it" if act.countersigner_person else ""
        raise Overtaken(f"This act is in effect already{by}.")
    return act


def _noun(action: LicenceAction) -> str:
    """The act as a thing, for the record: ``licence.suspension_proposed``."""
    nouns = {LicenceAction.SUSPEND: "suspension", LicenceAction.REVOKE: "revocation"}
    return nouns.get(action, "reinstatement")


def _act_for(action: LicenceAction) -> Act:
    return Act.SUSPEND_LICENCE if action == LicenceAction.SUSPEND else Act.REINSTATE_LICENCE


def _move(licence: Licence, action: LicenceAction) -> None:
    licence.state = advance(EDGES, licence.state, action)
    licence.save(update_fields=["state"])


def _new_act(actor: Actor, licence: Licence, proposal: Proposal, in_effect_at: datetime | None) -> LicenceAct:
    return LicenceAct.objects.create(
        licence=licence,
        action=proposal.action,
        effect=_effect_of(licence, proposal),
        reason=_said(proposal.reason, "reason"),
        basis=proposal.basis.strip()[:500],
        proposer=actor.membership,
        proposer_person=actor.person,
        proposer_team=actor.team,
        in_effect_at=in_effect_at,
    )


def _effect_of(licence: Licence, proposal: Proposal) -> LegalEffect:
    """The effect an act has; a reinstatement carries the effect of the suspension that it lifts."""
    if proposal.action != LicenceAction.REINSTATE:
        return proposal.effect or LegalEffect.DRAIN
    lifted = licence.acts.filter(action=LicenceAction.SUSPEND).exclude(in_effect_at=None).order_by("-in_effect_at")
    last = lifted.values_list("effect", flat=True).first()
    return LegalEffect(last) if last else LegalEffect.DRAIN


def _check_takes_two(proposal: Proposal) -> None:
    effect = proposal.effect or LegalEffect.DRAIN
    if proposal.action == LicenceAction.SUSPEND:
        if effect in STOPS_USE:
            raise InvalidInput("A suspension that stops running jobs needs no second person: suspend at once.")
        if not proposal.basis.strip():
            raise InvalidInput("Name the basis on which existing use may go on.", field="basis")
    elif proposal.action not in NEEDS_TWO:
        raise InvalidInput(f"To {proposal.action} a licence is no act that two persons sign.", field="action")


def _carry_out(actor: Actor, licence: Licence, act: LicenceAct) -> None:
    """Let an act that is in effect move the licence, and tell whatever hangs on it."""
    action = LicenceAction(act.action)
    _move(licence, action)
    verb = {LicenceAction.SUSPEND: "suspended", LicenceAction.REINSTATE: "reinstated", LicenceAction.REVOKE: "revoked"}
    record(f"licence.{verb[action]}", licence, actor=actor, facts=_act_facts(act))
    effect = None if action == LicenceAction.REINSTATE else LegalEffect(act.effect)
    _publish(licence, action, effect, f"{licence.reference} was {verb[action]}: {act.reason}")


def _publish(licence: Licence, action: LicenceAction, effect: LegalEffect | None, reason: str) -> None:
    causes = {
        LicenceAction.ACTIVATE: "activated", LicenceAction.SUSPEND: "suspended", LicenceAction.REVOKE: "revoked",
        LicenceAction.REINSTATE: "reinstated", LicenceAction.EXPIRE: "expired",
    }  # fmt: skip
    events.publish(
        events.LicenceChanged(
            licence_id=licence.pk,
            cause=causes[action],
            drain=effect in STOPS_USE,
            reason=reason,
            stop_now=effect == LegalEffect.STOP_NOW,
        )
    )


def _check_paper(paper: Paper, order: Order) -> None:
    if order.state not in (OrderState.APPROVED, OrderState.RECEIVED):
        state = order.state.replace("_", " ")
        raise InvalidInput(f"{order.reference} is {state}; a licence is for an approved order.", field="order")
    for name, limit in (("authority", 120), ("number", 80), ("kind", 60)):
        _said(getattr(paper, name), name, limit)
    authority, number = _plain(paper.authority), _plain(paper.number)
    if Licence.objects.filter(authority__iexact=authority, number__iexact=number).exists():
        raise InvalidInput(f"{paper.authority} {paper.number} is recorded already.", field="number")
    if paper.issued_on > timezone.now().date():
        raise InvalidInput("The day of issue lies in the future.", field="issued_on")
    if not paper.lines:
        raise InvalidInput("A licence has at least one line.", field="lines")
    for line in paper.lines:
        _check_line(line, paper)
    for each in paper.conditions:
        _said(each.text, "conditions", 1000)
        if each.is_machine_checked:
            check_parameter(each.kind, each.parameter)
            if each.attested_until is not None:
                raise InvalidInput("A condition that a machine checks is not attested.", field="conditions")


def _check_line(line: GrantedLine, paper: Paper) -> None:
    if not 0 < line.granted <= GRANTED_LIMIT:
        raise InvalidInput(f"A line grants between 1 and {GRANTED_LIMIT:,} units.", field="granted")
    if not line.end_uses:
        raise InvalidInput("A line names at least one end use.", field="end_uses")
    if line.ship_until < paper.valid_from:
        raise InvalidInput("Shipments end after the licence becomes valid.", field="ship_until")
    if line.use_until is not None and line.use_until < line.ship_until:
        raise InvalidInput("Use does not end before shipments do.", field="use_until")


def _said(text: str, field: str, limit: int = REASON_LIMIT) -> str:
    said = text.strip()
    if not said:
        raise InvalidInput(f"Please fill in the {field}.", field=field)
    if len(said) > limit:
        raise InvalidInput(f"The {field} is {len(said)} characters long; the limit is {limit}.", field=field)
    return said


def _facts(licence: Licence) -> dict[str, Any]:
    return {
        "side": licence.side,
        "authority": licence.authority,
        "number": licence.number,
        "order": licence.order.reference,
        "lines": [
            {
                "number": line.number, "chip": line.chip.slug, "granted": line.granted, "site": str(line.site_id),
                "end_user": str(line.end_user_id), "ship_until": line.ship_until.isoformat(),
                "use_until": line.use_until.isoformat() if line.use_until else None,
            }
            for line in licence.lines.select_related("chip")
        ],
        "conditions": [each.kind for each in licence.conditions.order_by("pk")],
    }  # fmt: skip


def _act_facts(act: LicenceAct) -> dict[str, Any]:
    return {"act": str(act.pk), "action": act.action, "effect": act.effect, "reason": act.reason, "basis": act.basis}
