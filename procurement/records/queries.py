"""What may be read of legal holds and of licences' own record terms."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import Http404

from accounts.actors import Actor
from accounts.models import Membership
from accounts.permissions import Act
from ledger.models import Entry
from procurement.filings import queries as filings
from procurement.filings.models import Filing
from procurement.licences.models import Licence
from procurement.orders import queries as orders
from procurement.orders.models import Order
from procurement.records.models import LegalHold, RecordTerm
from procurement.records.states import HoldState
from procurement.review import queries as cases
from procurement.review.models import Case

DIVERTED: Final = "order.diversion_known"
KINDS: Final = ("order", "filing", "case")


@dataclass(frozen=True)
class Kept:
    """What a hold is on, with the order whose records it belongs to; an incident may have none."""

    kind: str
    row: Order | Filing | Case
    order: Order | None

    @property
    def team_id(self) -> uuid.UUID | None:
        """The team whose side decides on no hold of it."""
        if self.order is not None:
            return self.order.team_id
        return self.row.applicant_team_id if isinstance(self.row, Case) else None


def find(actor: Actor, kind: str, subject_id: uuid.UUID) -> Kept:
    """The order, filing or case of an id, where the actor may see it. Raises: Http404."""
    rows: QuerySet[Any]
    match kind:
        case "order":
            rows = orders.visible_to(actor).select_related("team")
        case "filing":
            rows = filings.visible_to(actor).select_related("order__team")
        case "case":
            rows = cases.visible_to(actor).select_related("order__team", "filing__order__team")
        case _:
            raise Http404
    found = rows.filter(pk=subject_id).first()
    if found is None:
        raise Http404
    return Kept(kind, found, order_of(found))


def order_of(row: Order | Filing | Case) -> Order | None:
    """The order whose records those of a filing or case are."""
    match row:
        case Order():
            return row
        case Filing():
            return row.order
        case Case():
            return row.order or (row.filing.order if row.filing else None)


def kept_by(hold: LegalHold) -> Kept:
    """What a hold is on."""
    row: Order | Filing | Case | None = hold.order or hold.filing or hold.case
    if row is None:
        raise LookupError(f"{hold.reference} is on nothing")
    kind = next(name for name in KINDS if getattr(hold, f"{name}_id"))
    return Kept(kind, row, order_of(row))


def holds_of(kept: Kept) -> QuerySet[LegalHold]:
    """Every hold on a thing, and on whatever shares its order's records: order, filings and cases together."""
    if kept.order is None:
        return LegalHold.objects.filter(case=kept.row.pk) if kept.kind == "case" else LegalHold.objects.none()
    return holds_of_order(kept.order)


def holds_of_order(order: Order) -> QuerySet[LegalHold]:
    """Every hold on an order, its filings, and the cases about them, newest first."""
    return LegalHold.objects.filter(
        Q(order=order) | Q(filing__order=order) | Q(case__order=order) | Q(case__filing__order=order)
    )


def detailed(holds: QuerySet[LegalHold]) -> QuerySet[LegalHold]:
    """Holds with everything that a page shows of them."""
    return holds.select_related(
        "order", "filing__order", "case__order", "case__filing__order", "placer_person", "proposer_person",
        "countersigner_person",
    )  # fmt: skip


def terms_to_countersign(actor: Actor) -> QuerySet[RecordTerm]:
    """Shorter record terms of licences that wait for this person as the second officer."""
    if not actor.may(Act.RECORD_LICENCE):
        return RecordTerm.objects.none()
    own = Membership.objects.filter(person=actor.person).values("team")
    waiting = RecordTerm.objects.filter(in_effect_at=None, withdrawn_at=None).exclude(proposer_person=actor.person)
    return waiting.exclude(licence__order__team__in=own).select_related("licence", "proposer_person")


def diverted_on(order: Order) -> date | None:
    """The latest known reexport, transshipment or diversion of an order's goods, as officers put it on record."""
    known = Entry.objects.filter(subject_kind="order", subject_id=str(order.pk), act=DIVERTED)
    days = [date.fromisoformat(str(each["on"])) for each in known.values_list("facts", flat=True)]
    return max(days, default=None)


def to_countersign(actor: Actor) -> QuerySet[LegalHold]:
    """Holds whose lifting waits for this person: proposed by somebody else, of a side that they were never of."""
    if not actor.may(Act.KEEP_RECORDS):
        return LegalHold.objects.none()
    own = Membership.objects.filter(person=actor.person).values("team")
    waiting = LegalHold.objects.filter(state=HoldState.LIFT_PROPOSED).exclude(proposer_person=actor.person)
    sides = (
        Q(order__team__in=own)
        | Q(filing__order__team__in=own)
        | Q(case__order__team__in=own)
        | Q(case__filing__order__team__in=own)
        | Q(case__applicant_team__in=own)
    )
    return waiting.exclude(pk__in=LegalHold.objects.filter(sides).values("pk"))


def term_in_effect(licence: Licence) -> RecordTerm | None:
    """What a licence asks for its records now; None where nobody stated it."""
    stated = (
        RecordTerm.objects.filter(licence=licence)
        .exclude(in_effect_at=None)
        .select_related("proposer_person", "countersigner_person")
    )
    return stated.order_by("-in_effect_at", "-pk").first()


def open_term(licence: Licence) -> RecordTerm | None:
    """The shorter term that waits for a second person, if there is one."""
    waiting = RecordTerm.objects.filter(licence=licence, in_effect_at=None, withdrawn_at=None)
    return waiting.select_related("proposer_person").first()
