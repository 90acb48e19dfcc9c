"""Dividing scarce supply, pure: weighted max-min fair, in whole devices, nobody less than what is of use.

Who gets anything is decided first: as much weight as the least useful sizes leave room for. Then the smallest share
for its weight is raised as far as it goes, then the next, until the quantity is used up or everybody has enough.
Solved by HiGHS. Source: Bertsekas and Gallager, Data Networks, section 6.5.2 (max-min fair flow by filling).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp  # type: ignore[import-untyped]

NUDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Claim:
    """What one filing asks for, the least that is of use to it, and its weight; ``name`` as reasons call it."""

    name: str
    asked: int
    least: int
    weight: float


@dataclass(frozen=True, slots=True)
class Part:
    """What one filing is given, and why."""

    name: str
    given: int
    reason: str


class Indivisible(ValueError):
    """The claims make no sense: no weight, or more needed at least than asked for."""


def divide(quantity: int, claims: Sequence[Claim]) -> list[Part]:
    """Divide a quantity between claims, in their order.

    Raises:
        Indivisible: a weight or an amount is not above zero, or the least exceeds what is asked for.
    """
    for claim in claims:
        if claim.weight <= 0 or not 0 < claim.least <= claim.asked:
            raise Indivisible(f"{claim.name}: the least is from 1 to {claim.asked}, and its weight above 0.")
    served = _served(quantity, claims)
    given = _fill(quantity, [claim for claim in claims if claim in served])
    return [Part(claim.name, given.get(claim.name, 0), _reason(claim, given, quantity)) for claim in claims]


def _served(quantity: int, claims: Sequence[Claim]) -> list[Claim]:
    """Who gets anything: the most weight whose least useful sizes fit together, earlier claims first among equals."""
    if not claims:
        return []
    nudge = np.linspace(NUDGE, 0, len(claims))
    room = LinearConstraint(np.array([[claim.least for claim in claims]]), -np.inf, quantity)
    worth = np.array([claim.weight for claim in claims]) + nudge
    found = milp(-worth, constraints=room, integrality=np.ones(len(claims)), bounds=Bounds(0, 1))
    return [claim for claim, chosen in zip(claims, found.x, strict=True) if chosen > 0.5]


def _fill(quantity: int, claims: list[Claim]) -> dict[str, int]:
    """Raise the level, devices for each unit of weight, until somebody has all that was asked for; then the others'."""
    full: dict[str, int] = {}
    while True:
        rest = [claim for claim in claims if claim.name not in full]
        left = quantity - sum(full.values())
        if not rest:
            return full
        level = _level(left, rest)
        done = [claim for claim in rest if claim.asked <= level * claim.weight + NUDGE]
        if not done:
            return full | _whole(left, rest, level)
        full |= {claim.name: claim.asked for claim in done}


def _level(quantity: int, claims: list[Claim]) -> float:
    """The highest level at which everybody has it or all that was asked for; the least sizes are kept."""
    count = len(claims)
    asked = np.array([claim.asked for claim in claims], float)
    weights = np.array([claim.weight for claim in claims])
    # Variables: devices of each, and the level. Nobody below the level; the sum within the quantity.
    reach = np.hstack([np.eye(count), -weights[:, None]])
    total = np.append(np.ones(count), 0.0)[None, :]
    least = np.append([claim.least for claim in claims], 0.0)
    most = np.append(asked, float((asked / weights).min()))
    rows = [LinearConstraint(reach, 0, np.inf), LinearConstraint(total, -np.inf, quantity)]
    found = milp(np.append(np.zeros(count), -1.0), constraints=rows, bounds=Bounds(least, np.maximum(most, least)))
    return float(found.x[-1]) if found.success else 0.0


def _whole(quantity: int, claims: list[Claim], level: float) -> dict[str, int]:
    """In whole devices at a level: rounded down, and what is left one each, to those above it last."""
    floor = np.array([max(claim.least, int(level * claim.weight + NUDGE)) for claim in claims], float)
    roof = np.minimum(floor + 1, [claim.asked for claim in claims])
    is_above = np.array([claim.least > level * claim.weight + NUDGE for claim in claims])
    worth = np.array([claim.weight for claim in claims]) + np.linspace(NUDGE, 0, len(claims))
    worth = np.where(is_above, worth * NUDGE, worth)
    total = LinearConstraint(np.ones((1, len(claims))), -np.inf, quantity)
    found = milp(-worth, constraints=total, integrality=np.ones(len(claims)), bounds=Bounds(floor, roof))
    return {claim.name: round(value) for claim, value in zip(claims, found.x, strict=True)}


def _reason(claim: Claim, given: dict[str, int], quantity: int) -> str:
    part = given.get(claim.name, 0)
    if not part:
        return (
            f"Nothing: {claim.least} is the least that is of use, and claims of more weight leave less of {quantity}."
        )
    if part == claim.asked:
        return "All that it asks for: its fair share is no smaller."
    rate = part / claim.weight
    if part == claim.least and any(given[name] for name in given if name != claim.name):
        return f"The least that is of use to it; its fair share at weight {claim.weight:g} would not be larger."
    return f"Its fair share at weight {claim.weight:g}: {rate:.1f} devices for each unit of weight, as for the others."
