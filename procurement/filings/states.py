"""What may happen to a use-case filing, and by whose hand."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.roles import Role
from ledger.transitions import Edge


class FilingState(StrEnum):
    """Where a filing stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class FilingAction(StrEnum):
    """What can be done to a filing."""

    SUBMIT = "submit"
    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REVOKE = "revoke"


S, A = FilingState, FilingAction
EDGES: Final = (
    Edge(S.DRAFT, A.SUBMIT, S.IN_REVIEW, Role.APPLICANT),
    Edge(S.DRAFT, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
    Edge(S.IN_REVIEW, A.APPROVE, S.APPROVED, Role.OFFICER),
    Edge(S.IN_REVIEW, A.DECLINE, S.DECLINED, Role.OFFICER),
    Edge(S.IN_REVIEW, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
    Edge(S.APPROVED, A.SUSPEND, S.SUSPENDED, Role.OFFICER),
    Edge(S.APPROVED, A.REVOKE, S.REVOKED, Role.OFFICER),
    Edge(S.SUSPENDED, A.REINSTATE, S.APPROVED, Role.OFFICER),
    Edge(S.SUSPENDED, A.REVOKE, S.REVOKED, Role.OFFICER),
)
NEEDS_TWO: Final = frozenset({A.REINSTATE, A.REVOKE})
