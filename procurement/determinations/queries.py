"""What may be seen of determinations."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.determinations.models import AdHocDetermination, Determination


def visible_to(actor: Actor) -> QuerySet[Determination]:
    """Determinations in full are for those who see reviews: an applicant sees what is asked of it, and no more."""
    rows = Determination.objects.select_related("order")
    return rows if actor.may(Act.SEE_REVIEW) else rows.none()


def current_of_order(actor: Actor, order_id: uuid.UUID) -> list[Determination]:
    """The determinations of an order that stand, one for each regime."""
    return list(visible_to(actor).filter(order=order_id, superseded_at=None).order_by("-regime"))


def former_of_order(actor: Actor, order_id: uuid.UUID) -> QuerySet[Determination]:
    """Those that were superseded, newest first."""
    return visible_to(actor).filter(order=order_id).exclude(superseded_at=None).order_by("-made_at")


def ad_hoc_visible_to(actor: Actor) -> QuerySet[AdHocDetermination]:
    """Questions by hand, for those who see reviews."""
    rows = AdHocDetermination.objects.select_related("membership__person")
    return rows if actor.may(Act.SEE_REVIEW) else rows.none()


def recent_ad_hoc(actor: Actor) -> QuerySet[AdHocDetermination]:
    """The last twenty questions by hand, newest first."""
    return ad_hoc_visible_to(actor)[:20]
