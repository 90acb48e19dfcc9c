"""End uses that ask for a licence by themselves: military, military intelligence, supercomputers."""

from collections.abc import Iterable

from procurement.regimes.facts import TransactionFacts
from procurement.regimes.lanes import ReviewPolicy
from procurement.regimes.notes import Answer, Notebook, Requirement
from procurement.regimes.us_ear.places import destinations, goes_to_d5_or_macau, no_table

ANY_ITEM = frozenset({"BY", "RU"})
LISTED_ITEMS = frozenset({"CN", "HK", "KH", "MM", "VE"})
INTELLIGENCE_PLACES = frozenset({"BY", "CN", "CU", "HK", "IR", "KH", "KP", "MM", "RU", "SY", "VE"})


def end_uses(facts: TransactionFacts, notes: Notebook) -> Iterable[Requirement]:
    """What a stated end use asks, whatever the item's entry."""
    yield from _military(facts, notes)
    yield from _intelligence(facts, notes)
    version = notes.law.version("end-use.supercomputer")
    if version is None or not facts.end_use.is_supercomputer:
        return
    reached = goes_to_d5_or_macau(facts, notes.law)
    if reached:
        notes.reason(version, "The stated end use is a supercomputer in Macau or D:5.")
        yield Requirement(version, Answer.YES, ReviewPolicy.DENIAL)
    elif reached is None:
        yield Requirement(version, Answer.UNKNOWN, missing=(no_table(notes.law),))


def _military(facts: TransactionFacts, notes: Notebook) -> Iterable[Requirement]:
    """15 CFR 744.21 goes beyond the list of military end users: the stated use or user decides.

    Simplification: outside Belarus and Russia it reaches the items of supplement no. 2 to part 744 only; every item
    is taken to be one of them, which errs to the strict side.
    """
    version = notes.law.version("end-use.military")
    if version is None:
        return
    listed = LISTED_ITEMS | ({"NI"} if notes.law.version("end-use.military.nicaragua") else frozenset())
    reached = _places(facts) & (ANY_ITEM | listed)
    if not reached:
        return
    if facts.end_use.is_military is None:
        notes.warn(
            "Whether end use or end user are military is not stated: 15 CFR 744.21 asks, beyond the list of names."
        )
    if facts.end_use.is_military:
        notes.reason(version, "A military end use is stated at a place where any such use needs a licence.")
        if not reached & ANY_ITEM:
            notes.warn("15 CFR 744.21 reaches items of supplement no. 2 to part 744; that this is one is supposed.")
        yield Requirement(version, Answer.YES, ReviewPolicy.DENIAL)


def _intelligence(facts: TransactionFacts, notes: Notebook) -> Iterable[Requirement]:
    """15 CFR 744.22: any item, for military intelligence of the places named, wherever its users are."""
    version = notes.law.version("end-use.military-intelligence")
    if version is None or not facts.end_use.is_military_intelligence:
        return
    behind = {place for party in facts.parties for place in (party.hq, party.ultimate_parent) if place}
    if (_places(facts) | behind) & INTELLIGENCE_PLACES:
        notes.reason(version, "A military-intelligence end use or user is stated: any item needs a licence.")
        yield Requirement(version, Answer.YES, ReviewPolicy.DENIAL)


def _places(facts: TransactionFacts) -> set[str]:
    return {*destinations(facts), *(party.country for party in facts.parties)}
