"""Every state machine of Writ: its table, its enums, and the column that holds its state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Model

from allocation.inventory.models import Device, Host
from allocation.inventory.states import (
    DEVICE_EDGES,
    HOST_EDGES,
    DeviceAction,
    DeviceState,
    HostAction,
    HostState,
)
from allocation.jobs.models import Attempt, Job
from allocation.jobs.states import ATTEMPT_EDGES, JOB_EDGES, AttemptAction, AttemptState, JobAction, JobState
from ledger.transitions import Edge
from procurement.evidence.models import Evidence
from procurement.evidence.states import EDGES as EVIDENCE_EDGES
from procurement.evidence.states import EvidenceAction, EvidenceState
from procurement.filings.models import Filing
from procurement.filings.states import EDGES as FILING_EDGES
from procurement.filings.states import FilingAction, FilingState
from procurement.licences.models import Licence
from procurement.licences.states import EDGES as LICENCE_EDGES
from procurement.licences.states import LicenceAction, LicenceState
from procurement.orders.models import Order
from procurement.orders.states import EDGES as ORDER_EDGES
from procurement.orders.states import OrderAction, OrderState
from procurement.records.models import LegalHold
from procurement.records.states import EDGES as HOLD_EDGES
from procurement.records.states import HoldAction, HoldState
from procurement.review.models import Case
from procurement.review.states import EDGES as CASE_EDGES
from procurement.review.states import CaseAction, CaseState
from procurement.screening.models import Hit, HitState
from procurement.screening.states import HIT_EDGES, HitAction


@dataclass(frozen=True)
class Machine:
    """One table and what hangs on it; ``final`` are the states that nothing leaves."""

    model: type[Model]
    states: type[StrEnum]
    actions: type[StrEnum]
    edges: tuple[Edge, ...]
    final: frozenset[str]


MACHINES = {
    "order": Machine(Order, OrderState, OrderAction, ORDER_EDGES, frozenset({"declined", "withdrawn"})),
    "filing": Machine(
        Filing, FilingState, FilingAction, FILING_EDGES, frozenset({"declined", "withdrawn", "revoked"})
    ),
    "licence": Machine(Licence, LicenceState, LicenceAction, LICENCE_EDGES, frozenset({"revoked", "expired"})),
    "case": Machine(Case, CaseState, CaseAction, CASE_EDGES, frozenset({"closed", "withdrawn"})),
    "evidence": Machine(
        Evidence, EvidenceState, EvidenceAction, EVIDENCE_EDGES, frozenset({"returned", "replaced", "withdrawn"})
    ),
    "legal hold": Machine(LegalHold, HoldState, HoldAction, HOLD_EDGES, frozenset({"lifted"})),
    "hit": Machine(Hit, HitState, HitAction, HIT_EDGES, frozenset()),
    "device": Machine(Device, DeviceState, DeviceAction, DEVICE_EDGES, frozenset({"retired"})),
    "host": Machine(Host, HostState, HostAction, HOST_EDGES, frozenset({"retired"})),
    "job": Machine(Job, JobState, JobAction, JOB_EDGES, frozenset({"succeeded", "failed", "cancelled"})),
    "attempt": Machine(Attempt, AttemptState, AttemptAction, ATTEMPT_EDGES, frozenset({"ended"})),
}
STATES_ALONE: dict[type[Model], type[StrEnum]] = {}  # a state without a table of acts yet
