"""What may be seen of evidence."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.actors import Actor
from accounts.models import Membership
from accounts.permissions import Act
from procurement.evidence.models import Evidence
from procurement.evidence.states import EvidenceState
from procurement.orders import queries as orders
from procurement.orders.states import OrderState

ENDED: Final = (OrderState.DECLINED, OrderState.WITHDRAWN)


def visible_to(actor: Actor) -> QuerySet[Evidence]:
    """Who reviews sees all of it; each side sees what it filed itself, not the other's papers."""
    rows = Evidence.objects.select_related("order", "line__chip", "filer_person", "filer_team", "decider_person")
    if actor.may(Act.SEE_REVIEW):
        return rows
    return rows.filter(filer_team=actor.team, order__in=orders.visible_to(actor))


def on_visible_orders(actor: Actor) -> QuerySet[Evidence]:
    """Every piece on an order that one may see, for acts, which decide for themselves who may do them."""
    return Evidence.objects.select_related("order").filter(order__in=orders.visible_to(actor))


def to_look_at(actor: Actor) -> QuerySet[Evidence]:
    """Filed pieces that wait for an officer's word, oldest first, without those of the actor's own side."""
    if not actor.may(Act.ACCEPT_EVIDENCE):
        return Evidence.objects.none()
    own = Membership.objects.filter(person=actor.person).values("team")
    waiting = visible_to(actor).filter(state=EvidenceState.FILED).exclude(order__state__in=ENDED)
    others = waiting.exclude(Q(filer_team__in=own) | Q(order__team__in=own)).exclude(filer_person=actor.person)
    return others.order_by("filed_at", "pk")


def to_file_anew(actor: Actor, on: date) -> QuerySet[Evidence]:
    """Pieces of the actor's team that came back, or that lapsed, and that nothing newer stands for; newest first."""
    if not actor.may(Act.FILE_EVIDENCE):
        return Evidence.objects.none()
    newer = Evidence.objects.filter(
        order=OuterRef("order"), certification=OuterRef("certification"), piece=OuterRef("piece"),
        filed_at__gt=OuterRef("filed_at"),
    ).filter(Q(line=OuterRef("line")) | Q(line=None)).exclude(state=EvidenceState.WITHDRAWN)  # fmt: skip
    lapsed = Q(state=EvidenceState.ACCEPTED, valid_until__lt=on)
    own = Evidence.objects.filter(filer_team=actor.team).filter(Q(state=EvidenceState.RETURNED) | lapsed)
    open_rows = own.exclude(order__state__in=ENDED).exclude(Exists(newer))
    return open_rows.select_related("order", "line__chip", "decider_person").order_by("-decided_at", "-pk")
