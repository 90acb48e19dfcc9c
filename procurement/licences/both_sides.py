"""What both sides allow of an order, line by line: units, places, users, uses and dates as one intersection.

Computed from the licences as they stand, never typed in: before receipt the largest assignment of units to one live
line of each authority, after receipt the devices that were bound to one (no writes here).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from procurement.licences import balances
from procurement.licences.balances import Authority
from procurement.licences.models import Draw, LicenceLine
from procurement.licences.states import LicenceState
from procurement.orders.models import Order, OrderLine


@dataclass(frozen=True)
class Allowed:
    """What all authorities together allow of one order line on a day.

    Args:
        to_ship: units that may be released now; ``held`` are released and not received.
        received: units bound to a line of every authority as they arrived; ``in_use`` those whose lines are live today.
        end_uses: the uses that every authority allows; of ``sites`` and ``end_users`` likewise.
        ship_until: the first day after which fewer units ship; ``use_until`` the first after which fewer are used.
        scarce: the authorities that allow least; ``reasons`` says why it is not more.
    """

    chip: str
    ordered: int
    to_ship: int
    held: int
    received: int
    in_use: int
    end_uses: tuple[str, ...]
    sites: tuple[str, ...]
    end_users: tuple[str, ...]
    ship_until: date | None
    use_until: date | None
    scarce: tuple[str, ...]
    reasons: tuple[str, ...]


def allowed(order: Order, on: date) -> list[Allowed]:
    """What both sides allow of every line of an order."""
    lines = list(
        LicenceLine.objects.filter(licence__order=order)
        .select_related("licence", "chip", "site", "end_user")
        .prefetch_related("licence__conditions")
        .order_by("pk")
    )
    return [_of_line(order, each, lines, on) for each in order.lines.select_related("chip").order_by("pk")]


def _of_line(order: Order, line: OrderLine, lines: Sequence[LicenceLine], on: date) -> Allowed:
    line.order = order
    usable = balances.usable_for(line, lines, on)
    joined = [each for pool in usable.pools if all(pool.groups) for group in pool.groups for each in group]
    received, in_use, bound = _received(line, lines, on)
    standing = [*joined, *bound]
    return Allowed(
        chip=line.chip.name,
        ordered=line.quantity,
        to_ship=usable.units,
        held=_held(line),
        received=received,
        in_use=in_use,
        end_uses=_in_common(standing, {each: set(each.end_uses) for each in standing}),
        sites=_in_common(standing, {each: {each.site.name} for each in standing}),
        end_users=_in_common(standing, {each: {each.end_user.name} for each in standing}),
        ship_until=min((each.ship_until for each in joined if each.free), default=None),
        use_until=min((each.use_until for each in standing if each.use_until), default=None),
        scarce=tuple(_names(usable.scarce, lines)),
        reasons=() if usable.units >= line.quantity else usable.reasons,
    )


def _in_common(lines: Sequence[LicenceLine], named: dict[LicenceLine, set[str]]) -> tuple[str, ...]:
    """What every authority allows by at least one of its lines, in order; nothing where there are no lines."""
    asked = {Authority.of(each.licence) for each in lines}
    by_authority = [
        set().union(*(named[each] for each in lines if Authority.of(each.licence) == authority)) for authority in asked
    ]
    return tuple(sorted(set.intersection(*by_authority))) if by_authority else ()


def _names(scarce: Iterable[Authority], lines: Sequence[LicenceLine]) -> Iterable[str]:
    """The scarce authorities as their papers name them."""
    for authority in scarce:
        own = next((each for each in lines if Authority.of(each.licence) == authority), None)
        yield own.licence.authority if own else f"the {authority.side} side (no licence recorded)"


def _held(line: OrderLine) -> int:
    """Units released and not received: each is held once on a line of every authority."""
    units: Counter[Authority] = Counter()
    for release in line.releases.prefetch_related("holds__line__licence"):
        for hold in release.holds.all():
            units[Authority.of(hold.line.licence)] += hold.remaining
    return max(units.values(), default=0)


def _received(
    line: OrderLine, lines: Sequence[LicenceLine], on: date
) -> tuple[int, int, list[LicenceLine]]:  # fmt: skip
    """Units received and bound, how many of them stand on live lines alone today, and those lines."""
    by_key = {each.pk: each for each in lines}
    draws = Draw.objects.filter(item__receipt__order=line.order, item__chip=line.chip)
    units: dict[object, list[LicenceLine]] = {}
    for item, key in draws.values_list("item_id", "line_id"):
        units.setdefault(item, []).append(by_key[key])
    live = [bound for bound in units.values() if all(_is_in_use(each, on) for each in bound)]
    return len(units), len(live), list({each.pk: each for bound in live for each in bound}.values())


def _is_in_use(line: LicenceLine, on: date) -> bool:
    """Whether a line still allows use of what was received on it."""
    in_force = line.licence.state == LicenceState.ACTIVE and line.licence.valid_from <= on
    return in_force and (line.use_until is None or on <= line.use_until)
