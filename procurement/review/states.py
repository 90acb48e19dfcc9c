"""What may happen to a case; blockers, not more states, say what is missing."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.roles import Role
from ledger.transitions import Edge


class CaseKind(StrEnum):
    """What a case is about."""

    ORDER = "order"
    FILING = "filing"
    INCIDENT = "incident"


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    WAITING = "waiting_for_applicant"
    ADVISED = "advised"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class CaseAction(StrEnum):
    """What can be done to a case."""

    CLAIM = "claim"
    RELEASE = "release"
    ASK = "ask"
    ANSWER = "answer"
    ADVISE = "advise"
    RETURN = "return"
    COUNTERSIGN = "countersign"
    WITHDRAW = "withdraw"


class Outcome(StrEnum):
    """What a decision says."""

    APPROVE = "approve"
    DECLINE = "decline"


S, A = CaseState, CaseAction
EDGES: Final = (
    Edge(S.OPEN, A.CLAIM, S.CLAIMED, Role.OFFICER),
    Edge(S.OPEN, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
    Edge(S.CLAIMED, A.RELEASE, S.OPEN, Role.OFFICER),
    Edge(S.CLAIMED, A.ASK, S.WAITING, Role.OFFICER),
    Edge(S.CLAIMED, A.ADVISE, S.ADVISED, Role.OFFICER),
    Edge(S.CLAIMED, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
    Edge(S.WAITING, A.ANSWER, S.CLAIMED, Role.APPLICANT),
    Edge(S.WAITING, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
    Edge(S.ADVISED, A.RETURN, S.CLAIMED, Role.OFFICER),
    Edge(S.ADVISED, A.COUNTERSIGN, S.CLOSED, Role.OFFICER),
    Edge(S.ADVISED, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
)
