"""The red flags that Writ computes from the facts it holds. A flag is a reason to ask; it never decides a lane."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from procurement.regimes.dated import Law, Sheet
from procurement.regimes.facts import PartyFacts, PartyRole, TransactionFacts
from procurement.regimes.geography import country_name
from procurement.regimes.notes import Answer, Notebook, figure
from procurement.regimes.us_ear.classification import Classification, Tier
from procurement.regimes.us_ear.ownership import is_listed, majority_chain
from procurement.regimes.us_ear.places import BOUND_ROLES, Reach, is_d5_or_macau
from procurement.regimes.us_ear.red_flags import standing_note

FIRST_CONTROLS = date(2022, 10, 7)
FINAL_ROLES = (PartyRole.ULTIMATE_CONSIGNEE, PartyRole.END_USER)
REGIONS = "regions.yaml"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the flags look at: the facts, what the rules found before, and the law of the day."""

    facts: TransactionFacts
    item: Classification
    headquarters: Reach
    law: Law

    def limit(self, name: str) -> Decimal:
        """A measure of Writ's own that stands beside the flag's rule. Zero never stands there."""
        return self.law.value(name) or Decimal(1)


def raise_flags(seen: Seen, notes: Notebook) -> None:
    """Writes each flag that the facts raise, under its rule of the day, as `RF33: what was found`."""
    versions = {rule: notes.law.version(rule) for rule in RULES}
    for flag, rule, look in LOOKS:
        version = versions[rule]
        if version is None:
            continue
        for text in look(seen):
            said = " ".join(part for part in (f"{flag}: {text}", standing_note(version)) if part)
            notes.reason(version, said, is_flag=True)


def flag_of(reason_text: str) -> str | None:
    """The flag that a reason's text was written for, such as RF33; None for any other reason."""
    name, colon, _ = reason_text.partition(": ")
    return name if colon and len(name) == 4 and name.startswith("RF") and name[2:].isdigit() else None


def read_regions(sheet: Sheet) -> Mapping[str, str]:
    """Country -> part of the world."""
    return {code: region for region, codes in sheet.only("regions")["regions"].items() for code in codes}


def _forwarder(seen: Seen) -> Iterable[str]:
    for party in seen.facts.parties:
        if party.is_forwarder and party.role in FINAL_ROLES:
            yield f"{party.name} is a forwarder and stands as {_role(party)}."


def _route(seen: Seen) -> Iterable[str]:
    """Simplification: parts of the world are compared, not ways; a detour inside one part is not seen."""
    route, regions = seen.facts.route, seen.law.book.read(REGIONS, read_regions)
    ends = {regions.get(each or "") for each in (route.from_country, route.to_country, route.install_country)}
    for country in route.via:
        if regions.get(country) not in ends:
            name, region = country_name(country, seen.law.book), regions.get(country, "no known part of the world")
            yield f"the route goes through {name} ({region}), where it neither begins nor ends: ask why."


def _unknown_parent(seen: Seen) -> Iterable[str]:
    if seen.facts.end_user is None:
        yield "no end user is named."
    for party in _bound(seen):
        if party.ultimate_parent is None:
            yield f"the ultimate parent of {party.name} ({_role(party)}) is not known."


def _listed_owner(seen: Seen) -> Iterable[str]:
    for party in seen.facts.parties:
        for owner in party.owners:
            if not is_listed(owner):
                continue
            if owner.share_percent is None:
                yield f"{owner.name}, a listed party, owns an unknown share of {party.name}: find the share first."
            else:
                yield f"{owner.name}, a listed party, owns {figure(owner.share_percent)} % of {party.name}."


def _first_orders(seen: Seen) -> Iterable[str]:
    first, quantity = seen.facts.history.first_advanced_order, seen.facts.item.quantity
    if first is None or first < FIRST_CONTROLS:
        return
    is_large, limit = seen.facts.history.is_large_order, seen.limit("red-flags.large-order.devices")
    if is_large:
        yield f"its first order of advanced chips is of {first}, after the controls of October 2022, and this is large."
    elif is_large is None and quantity is not None and quantity >= limit:
        yield (
            f"its first order of advanced chips is of {first}, after the controls of October 2022, and this one is of "
            f"{figure(Decimal(quantity))} devices (Writ counts {figure(limit)} and more as large)."
        )


def _power(seen: Seen) -> Iterable[str]:
    """Simplification: power alone is compared; cooling and floor are for a person to ask about."""
    site = seen.facts.site
    if site.power_kw is not None and site.needed_kw is not None and site.needed_kw > site.power_kw:
        yield f"the site has {figure(site.power_kw)} kW and the order needs {figure(site.needed_kw)} kW."


def _other_place(seen: Seen) -> Iterable[str]:
    route = seen.facts.route
    if route.install_country is not None and route.install_country != route.to_country:
        shipped, installed = (country_name(each, seen.law.book) for each in (route.to_country, route.install_country))
        yield f"it is shipped to {shipped} and installed in {installed}."


def _headquarters(seen: Seen) -> Iterable[str]:
    if seen.headquarters.answer is Answer.UNKNOWN and seen.item.tier is not Tier.NONE:
        yield "headquarters or ultimate parent are not confirmed outside Macau and D:5."


def _remote_users(seen: Seen) -> Iterable[str]:
    if seen.facts.end_use.is_service_to_others and not seen.facts.remote_users:
        yield "the devices are offered to others as a service, and no remote user is named."
    for user in seen.facts.remote_users:
        name = user.name.strip() or "a remote user without a name"
        if user.hq is None or not user.name.strip():
            yield f"{name}: who it is, or where its headquarters are, is not known."
        elif is_d5_or_macau(user.hq, seen.law):
            place = country_name(user.hq, seen.law.book)
            yield f"{name}, a remote user, is headquartered in {place}: Macau or D:5."


def _subsidiary(seen: Seen) -> Iterable[str]:
    for party in _bound(seen):
        above = (party.hq, party.ultimate_parent, *(owner.hq for owner in majority_chain(party)))
        run_from = [place for place in above if place and is_d5_or_macau(place, seen.law)]
        if run_from and not is_d5_or_macau(party.country, seen.law):
            here, there = (country_name(each, seen.law.book) for each in (party.country, run_from[0]))
            yield f"{party.name} in {here} belongs to a firm run from {there}."


def _cap(seen: Seen) -> Iterable[str]:
    history, near = seen.facts.history, seen.limit("red-flags.near-cap.percent")
    if history.units_under_cap is not None and history.cap_units is not None:
        total, cap = Decimal(history.units_under_cap), Decimal(history.cap_units)
        if total * 100 >= cap * near:
            yield f"the customer's total of {figure(total)} nears or passes its cap of {figure(cap)}."
    count = history.orders_in_90_days
    if count is not None and count >= seen.limit("red-flags.split-orders.count"):
        yield f"it is order no. {count} of the customer and its affiliates in 90 days: is one order split?"


def _overdue(seen: Seen) -> Iterable[str]:
    for each in seen.facts.history.overdue:
        yield f"overdue: {each}."


def _bound(seen: Seen) -> Iterable[PartyFacts]:
    return (party for party in seen.facts.parties if party.role in BOUND_ROLES)


def _role(party: PartyFacts) -> str:
    return party.role.replace("_", " ")


Look = Callable[[Seen], Iterable[str]]
LOOKS: tuple[tuple[str, str, Look], ...] = (
    ("RF09", "red-flags.know-your-customer", _forwarder),
    ("RF10", "red-flags.know-your-customer", _route),
    ("RF21", "red-flags.equipment", _unknown_parent),
    ("RF29", "red-flags.ownership", _listed_owner),
    ("RF30", "red-flags.diversion", _first_orders),
    ("RF33", "red-flags.diversion", _power),
    ("RF35", "red-flags.diversion", _other_place),
    ("RF36", "red-flag.36", _headquarters),
    ("RF37", "red-flags.diversion", _remote_users),
    ("RF39", "red-flags.headquarters", _subsidiary),
    ("RF44", "red-flags.licence-terms", _cap),
    ("RF45", "red-flags.licence-terms", _overdue),
)
RULES = tuple(dict.fromkeys(rule for _, rule, _ in LOOKS))
