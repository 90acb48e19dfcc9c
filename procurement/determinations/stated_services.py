"""The one write of what officers state of an order beside its papers."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import ComplianceRefusal, NotPermitted
from ledger.services import record
from procurement.determinations.models import Determination
from procurement.determinations.services import determine_order
from procurement.determinations.stated import Stated
from procurement.orders.models import Order
from procurement.orders.states import OrderState
from procurement.regimes.plain import to_plain


@transaction.atomic
def state_facts(*, actor: Actor, order: Order, stated: Stated, now: datetime | None = None) -> list[Determination]:
    """State what other countries' rules turn on, and determine the order again with it.

    Raises:
        NotPermitted: the role may not, or the officer is or was of the ordering team.
        ComplianceRefusal: the order was not handed in yet.
    """
    actor.require(Act.REVIEW_CASE)
    locked = Order.objects.select_for_update().get(pk=order.pk)
    if actor.is_of(locked.team_id):
        raise NotPermitted("You are of the team that ordered; another officer states this.")
    if locked.state == OrderState.DRAFT:
        raise ComplianceRefusal(f"{locked.reference} is a draft: it is determined when it is handed in.")
    record("determination.stated", locked, actor=actor, facts=to_plain(stated))
    return determine_order(actor=actor, order=locked, stated=stated, now=now)
