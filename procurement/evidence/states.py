"""What may happen to a piece of evidence, and by whose hand."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.roles import Role
from ledger.transitions import Edge


class EvidenceState(StrEnum):
    """Where a filed piece stands. That it has lapsed is a matter of the day, and computed."""

    FILED = "filed"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class EvidenceAction(StrEnum):
    """What can be done to a piece of evidence."""

    ACCEPT = "accept"
    RETURN = "return"
    REPLACE = "replace"
    WITHDRAW = "withdraw"


S, A = EvidenceState, EvidenceAction
EDGES: Final = (
    Edge(S.FILED, A.ACCEPT, S.ACCEPTED, Role.OFFICER),
    Edge(S.FILED, A.RETURN, S.RETURNED, Role.OFFICER),
    Edge(S.FILED, A.REPLACE, S.REPLACED, Role.APPLICANT),
    Edge(S.FILED, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
    Edge(S.ACCEPTED, A.REPLACE, S.REPLACED, Role.APPLICANT),
    Edge(S.ACCEPTED, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
)
