"""What may be done with a hit: dismissed or confirmed by one officer, a true match released by two."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.roles import Role
from ledger.transitions import Edge
from procurement.screening.models import HitState


class HitAction(StrEnum):
    """What an officer does with a hit."""

    DISMISS = "dismiss"
    CONFIRM = "confirm"
    RELEASE = "release"


HIT_EDGES: Final = (
    Edge(HitState.OPEN, HitAction.DISMISS, HitState.FALSE_POSITIVE, Role.OFFICER),
    Edge(HitState.OPEN, HitAction.CONFIRM, HitState.TRUE_MATCH, Role.OFFICER),
    Edge(HitState.FALSE_POSITIVE, HitAction.CONFIRM, HitState.TRUE_MATCH, Role.OFFICER),
    Edge(HitState.TRUE_MATCH, HitAction.RELEASE, HitState.RELEASED, Role.OFFICER),
    Edge(HitState.RELEASED, HitAction.CONFIRM, HitState.TRUE_MATCH, Role.OFFICER),
)
ACTION_OF: Final = {
    HitState.FALSE_POSITIVE: HitAction.DISMISS,
    HitState.TRUE_MATCH: HitAction.CONFIRM,
    HitState.RELEASED: HitAction.RELEASE,
}
