"""What may be shipped: the intersection of what both sides' live licence lines still allow (no writes here)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from procurement.licences.models import Condition, ConditionKind, LicenceLine, Side
from procurement.licences.states import LicenceState
from procurement.orders.models import OrderLine, PartyRole


@dataclass(frozen=True)
class Pairing:
    """So many units on one line of each side."""

    exporter: LicenceLine
    importer: LicenceLine
    quantity: int


@dataclass(frozen=True)
class Usable:
    """What both sides together allow for one order line on a day, and why it is not more."""

    units: int
    reasons: tuple[str, ...]
    exporter: tuple[LicenceLine, ...]
    importer: tuple[LicenceLine, ...]

    def pair(self, quantity: int) -> list[Pairing]:
        """``quantity`` units, each on a line of either side, the lines that end first used first."""
        return assign(self.exporter, self.importer, quantity)


def usable_for(line: OrderLine, lines: Sequence[LicenceLine], on: date) -> Usable:
    """How many units of an order line may be released.

    Every line that survives the filter names the same chip, site, end user and end use, so each line of one side
    can be joined to each of the other: the largest assignment of units to pairs is the smaller of both sums.

    Args:
        lines: all licence lines of the order, with licence and conditions, locked by the caller where it writes.
    """
    able = [each for each in lines if why_not(each, line, on) is None]
    live = {side: [each for each in able if each.licence.side == side] for side in Side}
    free = {side: sum(each.free for each in live[side]) for side in Side}
    units = min(free.values())
    reasons = [
        reason for side in Side if free[side] == units for reason in _limits(side, lines, live[side], line, on)
    ]
    return Usable(units, tuple(reasons), _by_end(live[Side.EXPORTER]), _by_end(live[Side.IMPORTER]))


def assign(exporter: Sequence[LicenceLine], importer: Sequence[LicenceLine], quantity: int) -> list[Pairing]:
    """Pair off free units of both sides in order; fewer than ``quantity`` where one side runs out."""
    left = {each.pk: each.free for each in (*exporter, *importer)}
    pairings: list[Pairing] = []
    for first in exporter:
        for second in importer:
            units = min(left[first.pk], left[second.pk], quantity)
            if units > 0:
                pairings.append(Pairing(first, second, units))
                left[first.pk] -= units
                left[second.pk] -= units
                quantity -= units
    return pairings


def why_not(licence_line: LicenceLine, line: OrderLine, on: date) -> str | None:
    """Why a licence line does not cover a shipment of an order line on a day, or ``None`` where it does."""
    licence, order = licence_line.licence, line.order
    name = named(licence_line)
    if licence.state != LicenceState.ACTIVE:
        return f"{name} is {licence.state}"
    if on < licence.valid_from:
        return f"{name} is valid from {licence.valid_from:%d %B %Y}"
    if on > licence_line.ship_until:
        return f"{name} ended shipments on {licence_line.ship_until:%d %B %Y}"
    if licence_line.chip_id != line.chip_id:
        return f"{name} is for {licence_line.chip.name}"
    if licence_line.site_id != order.site_id:
        return f"{name} is for the site {licence_line.site.name}"
    if licence_line.end_user_id not in end_users(line):
        return f"{name} is for the end user {licence_line.end_user.name}"
    if order.end_use not in licence_line.end_uses:
        return f"{name} does not allow the end use {order.end_use.replace('_', ' ')}"
    return _broken_condition(licence_line, line)


def end_users(line: OrderLine) -> set[object]:
    """The parties that are end user of the order."""
    return {each.party_id for each in line.order.parties.all() if each.role == PartyRole.END_USER}


def named(line: LicenceLine) -> str:
    """A line as people call it: whose paper it is, and which."""
    paper = "export licence" if line.licence.side == Side.EXPORTER else "import approval"
    return f"the {paper} {line.licence.reference} (line {line.number})"


def _broken_condition(licence_line: LicenceLine, line: OrderLine) -> str | None:
    for condition in licence_line.licence.conditions.all():
        if condition.is_machine_checked and not _holds(condition, line):
            return f"{named(licence_line)} has a condition that is not met: {condition.text}"
    return None


def _holds(condition: Condition, line: OrderLine) -> bool:
    """Whether the order meets a machine-checked proviso; those about running jobs hold for a shipment."""
    parameter = condition.parameter
    match ConditionKind(condition.kind):
        case ConditionKind.SITE:
            return bool(parameter.get("site") == str(line.order.site_id))
        case ConditionKind.END_USE:
            return line.order.end_use in parameter.get("end_uses", ())
        case ConditionKind.END_USER:
            return parameter.get("end_user") in {str(pk) for pk in end_users(line)}
        case (
            ConditionKind.CHECKPOINT_WINDOW_S
            | ConditionKind.NO_REEXPORT
            | ConditionKind.LAB_TEST
            | ConditionKind.REMOTE_ACCESS_KYC
            | ConditionKind.DELIVERY_VERIFICATION
            | ConditionKind.OTHER
        ):
            return True


def _limits(
    side: Side, lines: Sequence[LicenceLine], live: Sequence[LicenceLine], line: OrderLine, on: date
) -> Iterable[str]:
    """Why the scarcer side gives no more."""
    for each in live:
        taken = f", of which {each.drawn} drawn and {each.held} held" if each.drawn or each.held else ""
        yield f"{named(each)} grants {each.granted}{taken}"
    others = [each for each in lines if each.licence.side == side and each not in live]
    yield from (reason for each in others if (reason := why_not(each, line, on)))
    if not live and not others:
        yield f"no licence of the {side} side is recorded"


def _by_end(lines: Iterable[LicenceLine]) -> tuple[LicenceLine, ...]:
    return tuple(sorted(lines, key=lambda each: (each.ship_until, str(each.pk))))
