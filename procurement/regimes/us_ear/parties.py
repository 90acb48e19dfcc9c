"""Listed parties, their affiliates, end uses and destinations that ask for a licence by themselves."""

from collections.abc import Iterable

from procurement.regimes.facts import ListEffect, ListingFacts, PartyFacts, TransactionFacts
from procurement.regimes.geography import country_name, group_table
from procurement.regimes.lanes import ReviewPolicy
from procurement.regimes.notes import Answer, Notebook, Requirement
from procurement.regimes.us_ear.end_uses import end_uses
from procurement.regimes.us_ear.ownership import affiliates
from procurement.regimes.us_ear.places import destinations

EMBARGOED_BY_NAME = frozenset({"BY", "RU"})
EMBARGO_GROUPS = ("E:1", "E:2")
GROUPED_BEFORE_THE_TABLE = frozenset({"CU", "IR", "KP", "SY"})
RULE_OF = {
    ListEffect.PROHIBITS: "list.prohibited",
    ListEffect.ENTITY_LIST: "list.entity",
    ListEffect.MILITARY_END_USER: "list.military-end-user",
    ListEffect.UNVERIFIED: "list.unverified",
    ListEffect.FLAG_ONLY: "list.flag",
}


def party_requirements(facts: TransactionFacts, notes: Notebook) -> tuple[Requirement, ...]:
    """What list entries, ownership, end use and embargoes ask, whatever the item's entry."""
    found = [
        *_listed(facts, notes),
        *affiliates(facts, notes),
        *end_uses(facts, notes),
        *_embargo(facts, notes),
    ]
    return tuple(found)


def _listed(facts: TransactionFacts, notes: Notebook) -> Iterable[Requirement]:
    if not facts.parties:
        notes.warn("No party is named: lists and ownership were not considered.")
    for party in facts.parties:
        if party.listings is None:
            notes.warn(f"{party.name} was not screened against lists for this determination.")
        for listing in party.listings or ():
            yield from _listing(party, listing, notes)


def _listing(party: PartyFacts, listing: ListingFacts, notes: Notebook) -> Iterable[Requirement]:
    version = notes.law.version(RULE_OF[listing.effect])
    if version is None:
        return
    text = f"{party.name} is on {listing.list_name} (entry {listing.entry})"
    notes.branch(version, f"Is {party.name} listed?", Answer.YES, fact=f"{listing.list_name}: {listing.entry}")
    match listing.effect:
        case ListEffect.PROHIBITS:
            notes.reason(version, f"{text}: dealing with it is prohibited.")
            yield Requirement(version, Answer.YES, is_prohibition=True)
        case ListEffect.ENTITY_LIST:
            terms = f" Terms of the entry: {listing.policy}." if listing.policy else ""
            notes.reason(version, f"{text}: a licence is needed to the extent of the entry; no exception.{terms}")
            yield Requirement(version, Answer.YES, ReviewPolicy.DENIAL)
            notes.warn(
                "The review policy of an Entity List entry stands in the entry; denial is supposed until it is read."
            )
        case ListEffect.MILITARY_END_USER:
            notes.reason(version, f"{text}: a licence is needed.")
            yield Requirement(version, Answer.YES, ReviewPolicy.DENIAL)
        case ListEffect.UNVERIFIED:
            notes.reason(version, f"{text}: no exception, and a statement from the party first.", is_flag=True)
            yield Requirement(version, Answer.NO)
        case ListEffect.FLAG_ONLY:
            notes.reason(version, f"{text}: no requirement by itself; weigh it.", is_flag=True)


def _embargo(facts: TransactionFacts, notes: Notebook) -> Iterable[Requirement]:
    """Simplification: the embargoes ask for a licence for every item; their own terms are not encoded.

    On a day without a table the four countries of E:1 and E:2 are held from memory to have stood there throughout.
    """
    version = notes.law.version("embargo")
    if version is None:
        return
    for country in destinations(facts):
        if country in EMBARGOED_BY_NAME or _is_in_e(country, notes):
            name = country_name(country, notes.law.book)
            notes.reason(version, f"{name} is under an embargo: ask counsel; a licence is needed at least.")
            yield Requirement(version, Answer.YES, ReviewPolicy.DENIAL)


def _is_in_e(country: str, notes: Notebook) -> bool:
    groups = group_table(notes.law.book).of(country, notes.law.on)
    if groups is None:
        return country in GROUPED_BEFORE_THE_TABLE
    return any(group in groups for group in EMBARGO_GROUPS)
