"""Papers and their conditions: record a licence from its document, activate it, attest, let it expire.

What officers do to a licence afterwards (suspend, reinstate, revoke) is in ``acts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.documents import Upload, store_document
from ledger.errors import ComplianceRefusal, InvalidInput, NotPermitted
from ledger.services import next_reference, record
from procurement.catalog.models import ChipModel
from procurement.licences import queries, steps
from procurement.licences.conditions import check_parameter
from procurement.licences.models import Condition, ConditionKind, LegalEffect, Licence, LicenceLine, Side
from procurement.licences.states import LicenceAction, LicenceState
from procurement.orders.models import EndUse, Order
from procurement.orders.states import OrderState
from procurement.parties.models import Party, ScreeningState, Site
from procurement.records.terms import Term, state_term
from procurement.screening.subjects import parties_of_order

GRANTED_LIMIT: Final = 100_000


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
    """What an authority's document says; ``records`` how long it asks for its own records, where it does."""

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
    records: Term | None = None


def record_licence(*, actor: Actor, paper: Paper, upload: Upload) -> Licence:
    """Record a licence from its document, as a draft: nothing rests on it until it is activated.

    Raises:
        InvalidInput: no lines, a quantity, date or condition that does not fit, a number recorded before,
            an order that is not approved, or a document that is too large or of another kind.
    """
    with transaction.atomic():
        actor.require(Act.RECORD_LICENCE)
        order = Order.objects.select_for_update().get(pk=paper.order.pk)
        steps.refuse_applicants_side(actor, order)
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
        if paper.records:
            state_term(actor=actor, licence=licence, term=paper.records, reason="As the paper says.")
        store_document(actor=actor, subject=licence, upload=upload, title=f"{licence.authority} {licence.number}")
    return licence


def activate_licence(*, actor: Actor, licence: Licence) -> Licence:
    """Put a recorded licence into force: from now on shipments and jobs may rest on it.

    Raises:
        NotPermitted: the same person recorded it. Two read the document, or one officer alone could bring back
            under another spelling what it takes two to reinstate.
        ComplianceRefusal: a party of its order is a confirmed match on a list.
    """
    with transaction.atomic():
        actor.require(Act.RECORD_LICENCE)
        locked = steps.lock(licence.pk)
        steps.refuse_applicants_side(actor, locked.order)
        if locked.recorded_by.person_id == actor.person.pk:
            raise NotPermitted("You recorded this licence. A second person reads it against its document.")
        _refuse_match(locked.order)
        steps.move(locked, LicenceAction.ACTIVATE)
        record("licence.activated", locked, actor=actor, facts=_facts(locked))
        steps.publish(locked, LicenceAction.ACTIVATE, None, "The licence is in force.")
    return locked


def _refuse_match(order: Order) -> None:
    matched = parties_of_order(order).filter(screening_state=ScreeningState.MATCHED)
    names = tuple(f"{party.name} is matched to a list entry." for party in matched)
    if names:
        raise ComplianceRefusal(f"No licence of {order.reference} comes into force now.", blockers=names)


def attest_condition(*, actor: Actor, condition: Condition, until: date) -> Condition:
    """Attest, as a named person and until a day, that a condition which no machine checks is kept.

    Raises:
        InvalidInput: a condition that a machine checks, or a day that has passed.
    """
    with transaction.atomic():
        actor.require(Act.RECORD_LICENCE)
        if condition.licence_id is None or condition.is_machine_checked:
            raise InvalidInput("Only a licence's condition that no machine checks is attested.")
        licence = steps.lock(condition.licence_id)
        steps.refuse_applicants_side(actor, licence.order)
        current = Condition.objects.select_for_update().get(pk=condition.pk)
        if until < timezone.now().date():
            raise InvalidInput("An attestation holds until a day to come.", field="until")
        current.attested_by, current.attested_until = actor.membership, until
        current.save(update_fields=["attested_by", "attested_until"])
        facts = {"condition": str(current.pk), "kind": current.kind, "until": until.isoformat()}
        record("licence.condition_attested", licence, actor=actor, facts=facts)
    return current


def expire_licences(*, now: datetime) -> list[Licence]:
    """Mark licences whose use has ended on every line; the effect itself is computed by date, with or without this."""
    expired = []
    for found in queries.ended_on(now.date()).order_by("pk"):
        with transaction.atomic():
            locked = steps.lock(found.pk)
            if locked.state not in (LicenceState.ACTIVE, LicenceState.SUSPENDED):
                continue
            steps.move(locked, LicenceAction.EXPIRE)
            record("licence.expired", locked, facts={"on": now.date().isoformat()})
            ended = f"The use under {locked.reference} has ended."
            steps.publish(locked, LicenceAction.EXPIRE, LegalEffect.DRAIN, ended)
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


def _check_paper(paper: Paper, order: Order) -> None:
    if order.state not in (OrderState.APPROVED, OrderState.RECEIVED):
        state = order.state.replace("_", " ")
        raise InvalidInput(f"{order.reference} is {state}; a licence is for an approved order.", field="order")
    for name, limit in (("authority", 120), ("number", 80), ("kind", 60)):
        steps.said(getattr(paper, name), name, limit)
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
        steps.said(each.text, "conditions", 1000)
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
