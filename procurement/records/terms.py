"""What a licence itself asks for its records: stated as it is recorded; amended by one officer, shortened by two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.services import record
from procurement.licences import steps
from procurement.licences.models import Licence
from procurement.records.models import CountedFrom, RecordTerm
from procurement.records.queries import open_term, term_in_effect

YEARS_LIMIT: Final = 100


@dataclass(frozen=True)
class Term:
    """So many years from a day; `years` None where the licence asks for none of its own."""

    years: int | None
    counted_from: CountedFrom = CountedFrom.TRANSACTION_END


def state_term(*, actor: Actor, licence: Licence, term: Term, reason: str) -> RecordTerm:
    """State how long a licence asks for its records. At least as long as before holds at once; shorter takes two.

    Raises:
        InvalidInput: years out of bounds, or no reason.
        NotPermitted: one of the team that ordered.
        Overtaken: a shorter term waits already; it is signed or withdrawn first.
    """
    with transaction.atomic():
        actor.require(Act.RECORD_LICENCE)
        locked = steps.lock(licence.pk)
        steps.refuse_applicants_side(actor, locked.order)
        _check(locked, term)
        former = term_in_effect(locked)
        at_once = timezone.now() if is_as_long(term, former) else None
        row = RecordTerm.objects.create(
            licence=locked, years=term.years, counted_from=term.counted_from, reason=steps.said(reason, "reason"),
            proposer=actor.membership, proposer_person=actor.person, proposer_team=actor.team, in_effect_at=at_once,
        )  # fmt: skip
        record(f"licence.record_term_{'stated' if at_once else 'proposed'}", locked, actor=actor, facts=_facts(row))
    return row


def is_as_long(term: Term, former: RecordTerm | None) -> bool:
    """Whether it keeps records at least as long, whatever day they are counted from."""
    if former is None or former.years is None:
        return True
    return term.years is not None and term.years >= former.years and term.counted_from == former.counted_from


def countersign_term(*, actor: Actor, term: RecordTerm) -> RecordTerm:
    """Sign a shorter term as the second officer.

    Raises:
        NotPermitted: the same person proposed it, or one of the team that ordered.
    """
    with transaction.atomic():
        row = _waiting(actor, term)
        if row.proposer_person_id == actor.person.pk:
            raise NotPermitted("You proposed this term. A second person has to countersign it.")
        row.countersigner, row.countersigner_person = actor.membership, actor.person
        row.countersigner_team, row.in_effect_at = actor.team, timezone.now()
        row.save()
        record("licence.record_term_stated", row.licence, actor=actor, facts=_facts(row))
    return row


def withdraw_term(*, actor: Actor, term: RecordTerm, reason: str) -> RecordTerm:
    """Take a proposed term back, or turn it down; the former counts on."""
    with transaction.atomic():
        row = _waiting(actor, term)
        row.withdrawn_at = timezone.now()
        row.save()
        facts = {**_facts(row), "reason": steps.said(reason, "reason")}
        record("licence.record_term_proposal_withdrawn", row.licence, actor=actor, facts=facts)
    return row


def _waiting(actor: Actor, term: RecordTerm) -> RecordTerm:
    actor.require(Act.RECORD_LICENCE)
    locked = steps.lock(term.licence_id)
    steps.refuse_applicants_side(actor, locked.order)
    row = RecordTerm.objects.select_for_update().get(pk=term.pk)
    if row.in_effect_at is not None or row.withdrawn_at is not None:
        raise Overtaken("This term was signed or withdrawn already.")
    row.licence = locked
    return row


def _check(licence: Licence, term: Term) -> None:
    if term.years is not None and not 1 <= term.years <= YEARS_LIMIT:
        raise InvalidInput(f"A licence's own record term is between 1 and {YEARS_LIMIT} years.", field="years")
    waiting = open_term(licence)
    if waiting is not None:
        who = waiting.proposer_person.name
        raise Overtaken(f"{who} has proposed a shorter term already; it is countersigned or withdrawn first.")


def _facts(row: RecordTerm) -> dict[str, Any]:
    signed_at: datetime | None = row.in_effect_at
    return {
        "years": row.years,
        "counted_from": row.counted_from,
        "reason": row.reason,
        "is_in_effect": signed_at is not None,
    }
