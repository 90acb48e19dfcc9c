"""What may happen to an order, and by whose hand."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from accounts.roles import Role
from ledger.transitions import Edge


class OrderState(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    DECLINED = "declined"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"
    RECEIVED = "received"


class OrderAction(StrEnum):
    """What can be done to an order."""

    SUBMIT = "submit"
    APPROVE = "approve"
    DECLINE = "decline"
    STOP = "stop"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    RECEIVE = "receive"


S, A = OrderState, OrderAction
EDGES: Final = (
    Edge(S.DRAFT, A.SUBMIT, S.IN_REVIEW, Role.APPLICANT),
    Edge(S.DRAFT, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
    Edge(S.IN_REVIEW, A.APPROVE, S.APPROVED, Role.OFFICER),
    Edge(S.IN_REVIEW, A.DECLINE, S.DECLINED, Role.OFFICER),
    Edge(S.IN_REVIEW, A.STOP, S.STOPPED, Role.OFFICER),
    Edge(S.IN_REVIEW, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
    Edge(S.STOPPED, A.RESUME, S.IN_REVIEW, Role.OFFICER),
    Edge(S.STOPPED, A.DECLINE, S.DECLINED, Role.OFFICER),
    Edge(S.STOPPED, A.WITHDRAW, S.WITHDRAWN, Role.APPLICANT),
    Edge(S.APPROVED, A.RECEIVE, S.RECEIVED, Role.OPERATOR),
    Edge(S.APPROVED, A.STOP, S.STOPPED, Role.OFFICER),
    Edge(S.RECEIVED, A.RECEIVE, S.RECEIVED, Role.OPERATOR),
)
