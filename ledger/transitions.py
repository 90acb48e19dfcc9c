"""State machines as one table of edges: what may follow what, by whose hand, and under which guard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import CheckConstraint, Q

from ledger.errors import DomainError


@dataclass(frozen=True)
class Edge:
    """One permitted transition: in state ``source``, ``role`` may do ``action``, which leads to ``target``.

    ``guard`` takes the facts of the moment and returns why the act cannot be done, or ``None``.
    """

    source: StrEnum
    action: StrEnum
    target: StrEnum
    role: str
    guard: Callable[[Any], str | None] | None = None


class IllegalTransition(DomainError):
    """An act that the present state does not allow."""

    code = "illegal_transition"
    status = 409


def allowed(edges: Iterable[Edge], state: str) -> list[Edge]:
    """The edges that leave ``state``."""
    return [edge for edge in edges if edge.source == state]


def advance(edges: Iterable[Edge], state: str, action: StrEnum, facts: Any = None) -> StrEnum:
    """The state that ``action`` leads to from ``state``.

    Raises:
        IllegalTransition: no such edge, or its guard refuses; the message lists what is allowed.
    """
    leaving = allowed(edges, state)
    for edge in leaving:
        if edge.action == action:
            refusal = edge.guard(facts) if edge.guard else None
            if refusal:
                raise IllegalTransition(refusal)
            return edge.target
    options = ", ".join(sorted({str(edge.action) for edge in leaving})) or "nothing: this state is final"
    raise IllegalTransition(f"Cannot {action} while {state}. Allowed now: {options}.")


def choices(states: type[StrEnum]) -> list[tuple[str, str]]:
    """Django choices with readable labels."""
    return [(state.value, state.value.replace("_", " ").capitalize()) for state in states]


def state_check(states: type[StrEnum], name: str, field: str = "state") -> CheckConstraint:
    """The CHECK constraint that keeps ``field`` inside ``states``."""
    return CheckConstraint(condition=Q(**{f"{field}__in": [state.value for state in states]}), name=name)
