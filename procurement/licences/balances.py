"""What may be shipped: the intersection of what all authorities' live licence lines still allow (no writes here).

Every unit has to stand on one live line of each authority that has a say on the order. A line that covers a shipment
names the order's chip, site and end use, and one end user. Lines of different authorities therefore go together just
where they name the same end user: within one end user every line of one authority goes with every line of another, and
the largest assignment is the smallest of the authorities' sums. No flow has to be computed; a test compares with every
assignment there is.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from procurement.licences.models import Condition, ConditionKind, Licence, LicenceLine, Side
from procurement.licences.states import LicenceState
from procurement.orders.models import OrderLine, PartyRole


class Authority(NamedTuple):
    """One authority with a say on an order: licences of the same authority stand for each other, others do not."""

    side: Side
    name: str

    @classmethod
    def of(cls, licence: Licence) -> Authority:
        """Whose licence it is; letters' case and doubled spaces make no other authority."""
        return cls(Side(licence.side), " ".join(licence.authority.split()).casefold())


@dataclass(frozen=True)
class Pairing:
    """So many units on one line of each authority."""

    lines: tuple[LicenceLine, ...]
    quantity: int

    @property
    def exporter(self) -> LicenceLine:
        """The first of the exporter's side."""
        return next(each for each in self.lines if each.licence.side == Side.EXPORTER)

    @property
    def importer(self) -> LicenceLine:
        """The first of the importer's side."""
        return next(each for each in self.lines if each.licence.side == Side.IMPORTER)


@dataclass(frozen=True)
class Pool:
    """The live lines for one end user, of one authority after the other; those that end first come first."""

    end_user_id: uuid.UUID
    groups: tuple[tuple[LicenceLine, ...], ...]

    @property
    def units(self) -> int:
        """How many units have a line of each authority."""
        return min((sum(each.free for each in group) for group in self.groups), default=0)


@dataclass(frozen=True)
class Usable:
    """What all authorities together allow for one order line on a day, and why it is not more."""

    units: int
    reasons: tuple[str, ...]
    scarce: tuple[Authority, ...]
    pools: tuple[Pool, ...]

    def pair(self, quantity: int) -> list[Pairing]:
        """``quantity`` units, each on a line of every authority, the lines that end first used first."""
        pairings: list[Pairing] = []
        for pool in self.pools:
            taken = assign(pool.groups, quantity)
            pairings += taken
            quantity -= sum(each.quantity for each in taken)
        return pairings


def usable_for(line: OrderLine, lines: Sequence[LicenceLine], on: date) -> Usable:
    """How many units of an order line may be released.

    Args:
        lines: all licence lines of the order, with licence and conditions, locked by the caller where it writes.
    """
    asked = authorities(lines)
    able = [each for each in lines if why_not(each, line, on) is None]
    pools = _pools(able, asked)
    units = sum(pool.units for pool in pools)
    free = {each: sum(row.free for row in able if Authority.of(row.licence) == each) for each in asked}
    scarce = tuple(each for each in asked if free[each] == units)
    reasons = [reason for each in scarce for reason in _limits(each, lines, able, line, on)]
    if not scarce:
        reasons = ["the authorities' lines name different end users, and a unit goes to one"]
    return Usable(units, tuple(reasons), scarce, pools)


def authorities(lines: Iterable[LicenceLine]) -> tuple[Authority, ...]:
    """Who has a say: both sides always, and every authority that put a paper into force, even if it ended since.

    A side without one is named by what is recorded for it, if only a draft; a draft alone adds no further authority.
    """
    lines = list(lines)
    found = {Authority.of(each.licence) for each in lines if each.licence.state != LicenceState.DRAFT}
    for side in Side:
        if not any(each.side == side for each in found):
            drafts = sorted({Authority.of(each.licence) for each in lines if each.licence.side == side})
            found.add(drafts[0] if drafts else Authority(side, ""))
    return tuple(sorted(found))


def assign(groups: Sequence[Sequence[LicenceLine]], quantity: int) -> list[Pairing]:
    """Join free units, one line of each group, in order; fewer than ``quantity`` where one group runs out."""
    left = {each.pk: each.free for group in groups for each in group}
    queues = [[each for each in group if each.free > 0] for group in groups]
    pairings: list[Pairing] = []
    while groups and quantity > 0 and all(queues):
        lines = tuple(queue[0] for queue in queues)
        units = min(quantity, *(left[each.pk] for each in lines))
        pairings.append(Pairing(lines, units))
        quantity -= units
        for queue in queues:
            left[queue[0].pk] -= units
            if not left[queue[0].pk]:
                queue.pop(0)
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


def _pools(able: Sequence[LicenceLine], asked: Sequence[Authority]) -> tuple[Pool, ...]:
    """The live lines by end user, then by authority; an end user whom one authority leaves out has no units."""
    users = dict.fromkeys(each.end_user_id for each in _by_end(able))
    return tuple(
        Pool(user, tuple(_by_end(each for each in able if _is_of(each, user, authority)) for authority in asked))
        for user in users
    )


def _is_of(line: LicenceLine, user: uuid.UUID, authority: Authority) -> bool:
    return line.end_user_id == user and Authority.of(line.licence) == authority


def _broken_condition(licence_line: LicenceLine, line: OrderLine) -> str | None:
    for condition in licence_line.licence.conditions.all():
        if condition.is_machine_checked and not _holds(condition, licence_line, line):
            return f"{named(licence_line)} has a condition that is not met: {condition.text}"
    return None


def _holds(condition: Condition, licence_line: LicenceLine, line: OrderLine) -> bool:
    """Whether the order meets a machine-checked proviso; those about running jobs hold for a shipment."""
    parameter = condition.parameter
    match ConditionKind(condition.kind):
        case ConditionKind.SITE:
            return bool(parameter.get("site") == str(line.order.site_id))
        case ConditionKind.END_USE:
            return line.order.end_use in parameter.get("end_uses", ())
        case ConditionKind.END_USER:
            return bool(parameter.get("end_user") == str(licence_line.end_user_id))
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
    authority: Authority, lines: Sequence[LicenceLine], able: Sequence[LicenceLine], line: OrderLine, on: date
) -> Iterable[str]:
    """Why a scarce authority gives no more."""
    own = [each for each in lines if Authority.of(each.licence) == authority]
    live = [each for each in own if each in able]
    for each in live:
        taken = f", of which {each.drawn} drawn and {each.held} held" if each.drawn or each.held else ""
        yield f"{named(each)} grants {each.granted}{taken}"
    yield from (reason for each in own if each not in live and (reason := why_not(each, line, on)))
    if not own:
        yield f"no licence of the {authority.side} side is recorded"


def _by_end(lines: Iterable[LicenceLine]) -> tuple[LicenceLine, ...]:
    return tuple(sorted(lines, key=lambda each: (each.ship_until, str(each.pk))))
