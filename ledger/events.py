"""Domain events: how procurement's acts reach allocation, in the same transaction and without importing it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar


@dataclass(frozen=True)
class LicenceChanged:
    """A licence was suspended, revoked, reinstated or recorded. ``drain`` is the legal effect on running jobs;
    with ``stop_now`` they get no checkpoint window.
    """

    licence_id: uuid.UUID
    cause: str
    drain: bool
    reason: str
    stop_now: bool = False


@dataclass(frozen=True)
class FilingDecided:
    """A filing's decision became final; on approval it carries the GPU time granted (milliseconds)."""

    filing_id: uuid.UUID
    approved: bool
    granted_ms: int
    decision_id: uuid.UUID


@dataclass(frozen=True)
class FilingWithdrawn:
    """An approved filing lapsed or its decision was revoked."""

    filing_id: uuid.UUID
    reason: str


@dataclass(frozen=True)
class FilingSuspended:
    """An approved filing was suspended; its grant stays. With ``stop_now`` running jobs get no checkpoint window."""

    filing_id: uuid.UUID
    reason: str
    stop_now: bool = False


@dataclass(frozen=True)
class FilingReinstated:
    """A suspended filing stands again; what waited under it may start."""

    filing_id: uuid.UUID


@dataclass(frozen=True)
class DecisionAttested:
    """A condition of a decision was attested; what waited for it may start."""

    decision_id: uuid.UUID


@dataclass(frozen=True)
class PartyMatched:
    """A screening match on a party was confirmed; ``stop_now`` where its list says so."""

    party_id: uuid.UUID
    stop_now: bool
    reason: str


@dataclass(frozen=True)
class DevicesReceived:
    """Serials were received; each names its receipt line, and its lines of both sides where it has them."""

    receipt_id: uuid.UUID


@dataclass(frozen=True)
class AccessEnded:
    """A person's membership ended."""

    membership_id: uuid.UUID


@dataclass(frozen=True)
class IncidentDecided:
    """Two officers decided the case of an incident; ``cleared`` where they found it cleared up."""

    incident_ref: str
    cleared: bool
    reason: str


Event = (
    LicenceChanged
    | FilingDecided
    | FilingWithdrawn
    | FilingSuspended
    | FilingReinstated
    | DecisionAttested
    | PartyMatched
    | DevicesReceived
    | AccessEnded
    | IncidentDecided
)
EventT = TypeVar("EventT", bound=Event)
_subscribers: dict[type, list[Callable[[Any], None]]] = {}


def subscribe(kind: type[EventT], handler: Callable[[EventT], None]) -> None:
    """Call ``handler`` for each event of ``kind``, synchronously; it must be idempotent."""
    handlers = _subscribers.setdefault(kind, [])
    if handler not in handlers:
        handlers.append(handler)


def publish(event: Event) -> None:
    """Tell every subscriber, in the caller's transaction; a subscriber's fault fails the act."""
    for handler in _subscribers.get(type(event), []):
        handler(event)
