"""What every act on a licence shares: lock it, move it by its table, tell what hangs on it, check what was said."""

from __future__ import annotations

import uuid
from typing import Final

from accounts.actors import Actor
from ledger import events
from ledger.errors import InvalidInput, NotPermitted
from ledger.transitions import advance
from procurement.licences.models import LegalEffect, Licence
from procurement.licences.states import EDGES, LicenceAction
from procurement.orders.models import Order

STOPS_USE: Final = frozenset({LegalEffect.DRAIN, LegalEffect.STOP_NOW})
SEVERITY: Final = {effect: degree for degree, effect in enumerate(LegalEffect)}
REASON_LIMIT: Final = 2_000


def refuse_applicants_side(actor: Actor, order: Order) -> None:
    """The team that ordered does not decide on its own licences; to suspend one, which only stops, it may."""
    if actor.is_of(order.team_id):
        raise NotPermitted("You are of the team that ordered; another officer has to act.")


def lock(licence_id: uuid.UUID) -> Licence:
    """The licence with its order, locked until the transaction ends."""
    return Licence.objects.select_for_update(of=("self",)).select_related("order").get(pk=licence_id)


def move(licence: Licence, action: LicenceAction) -> None:
    """Take the licence along an edge of its table.

    Raises:
        IllegalTransition: its state has no such edge.
    """
    licence.state = advance(EDGES, licence.state, action)
    licence.save(update_fields=["state"])


def publish(licence: Licence, action: LicenceAction, effect: LegalEffect | None, reason: str) -> None:
    """Tell what hangs on the licence, in this transaction; without an effect nothing has to stop."""
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


def said(text: str, field: str, limit: int = REASON_LIMIT) -> str:
    """What was typed, stripped.

    Raises:
        InvalidInput: nothing, or more characters than the limit.
    """
    said = text.strip()
    if not said:
        raise InvalidInput(f"Please fill in the {field}.", field=field)
    if len(said) > limit:
        raise InvalidInput(f"The {field} is {len(said)} characters long; the limit is {limit}.", field=field)
    return said
