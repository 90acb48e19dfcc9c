"""Where jobs and attempts stand."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ledger.transitions import Edge


class JobState(StrEnum):
    """Where a job stands; why it waits is a reason, not a state."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED_STATES: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


class AttemptState(StrEnum):
    """Where one try at running a job stands."""

    PLACED = "placed"
    CLAIMED = "claimed"
    RUNNING = "running"
    DRAINING = "draining"
    ENDED = "ended"


class AttemptOutcome(StrEnum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DRAINED = "drained"
    KILLED = "killed"
    EXPIRED = "expired"
    REFUSED = "refused"
    NEVER_CLAIMED = "never_claimed"
    HOST_LOST = "host_lost"


class JobAction(StrEnum):
    """What can happen to a job."""

    PLACE = "place"
    REQUEUE = "requeue"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"


class AttemptAction(StrEnum):
    """What can happen to an attempt."""

    CLAIM = "claim"
    START = "start"
    DRAIN = "drain"
    END = "end"


SYSTEM: Final = "system"
S, A = JobState, JobAction
JOB_EDGES: Final = (
    Edge(S.WAITING, A.PLACE, S.RUNNING, SYSTEM),
    Edge(S.WAITING, A.CANCEL, S.CANCELLED, SYSTEM),
    Edge(S.WAITING, A.FAIL, S.FAILED, SYSTEM),
    Edge(S.RUNNING, A.REQUEUE, S.WAITING, SYSTEM),
    Edge(S.RUNNING, A.SUCCEED, S.SUCCEEDED, SYSTEM),
    Edge(S.RUNNING, A.FAIL, S.FAILED, SYSTEM),
    Edge(S.RUNNING, A.CANCEL, S.CANCELLED, SYSTEM),
)
T, B = AttemptState, AttemptAction
ATTEMPT_EDGES: Final = (
    Edge(T.PLACED, B.CLAIM, T.CLAIMED, SYSTEM),
    Edge(T.PLACED, B.END, T.ENDED, SYSTEM),
    Edge(T.CLAIMED, B.START, T.RUNNING, SYSTEM),
    Edge(T.CLAIMED, B.DRAIN, T.DRAINING, SYSTEM),
    Edge(T.CLAIMED, B.END, T.ENDED, SYSTEM),
    Edge(T.RUNNING, B.DRAIN, T.DRAINING, SYSTEM),
    Edge(T.RUNNING, B.END, T.ENDED, SYSTEM),
    Edge(T.DRAINING, B.END, T.ENDED, SYSTEM),
)
