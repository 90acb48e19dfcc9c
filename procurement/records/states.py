"""What may happen to a legal hold: it stands until two officers lift it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.roles import Role
from ledger.transitions import Edge


class HoldState(StrEnum):
    """Where a hold stands. One whose lifting is proposed holds as before."""

    STANDING = "standing"
    LIFT_PROPOSED = "lift_proposed"
    LIFTED = "lifted"


class HoldAction(StrEnum):
    """What can be done to a hold."""

    PROPOSE_LIFT = "propose_lift"
    KEEP = "keep"
    LIFT = "lift"


S, A = HoldState, HoldAction
EDGES: Final = (
    Edge(S.STANDING, A.PROPOSE_LIFT, S.LIFT_PROPOSED, Role.OFFICER),
    Edge(S.LIFT_PROPOSED, A.KEEP, S.STANDING, Role.OFFICER),
    Edge(S.LIFT_PROPOSED, A.LIFT, S.LIFTED, Role.OFFICER),
)
