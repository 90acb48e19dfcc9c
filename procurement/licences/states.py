"""What may happen to a licence, and what each act means for shipments, starts and running jobs."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.roles import Role
from ledger.transitions import Edge


class LicenceState(StrEnum):
    """Where a licence stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


class LicenceAction(StrEnum):
    """What can be done to a licence."""

    ACTIVATE = "activate"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REVOKE = "revoke"
    EXPIRE = "expire"


S, A = LicenceState, LicenceAction
EDGES: Final = (
    Edge(S.DRAFT, A.ACTIVATE, S.ACTIVE, Role.OFFICER),
    Edge(S.ACTIVE, A.SUSPEND, S.SUSPENDED, Role.OFFICER),
    Edge(S.ACTIVE, A.REVOKE, S.REVOKED, Role.OFFICER),
    Edge(S.ACTIVE, A.EXPIRE, S.EXPIRED, Role.OFFICER),
    Edge(S.SUSPENDED, A.SUSPEND, S.SUSPENDED, Role.OFFICER),
    Edge(S.SUSPENDED, A.REINSTATE, S.ACTIVE, Role.OFFICER),
    Edge(S.SUSPENDED, A.REVOKE, S.REVOKED, Role.OFFICER),
    Edge(S.SUSPENDED, A.EXPIRE, S.EXPIRED, Role.OFFICER),
)
NEEDS_TWO: Final = frozenset({A.REINSTATE, A.REVOKE})
