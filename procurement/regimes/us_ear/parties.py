"""Listed parties, their affiliates, end uses and destinations that ask for a licence by themselves."""

from collections.abc import Iterable
from decimal import Decimal

from procurement.regimes.dated import RuleVersion, Standing
from procurement.regimes.facts import ListEffect, ListingFacts, PartyFacts, TransactionFacts
from procurement.regimes.geography import country_name, group_table
from procurement.regimes.lanes import ReviewPolicy
from procurement.regimes.notes import Answer, Notebook, Requirement, figure
from procurement.regimes.outcome import Missing
from procurement.regimes.us_ear.places import destinations, goes_to_d5_or_macau

MILITARY_PLACES = frozenset({"BY", "KH", "CN", "HK", "MM", "NI", "RU", "VE"})
EMBARGOED_BY_NAME = frozenset({"BY", "RU"})
EMBARGO_GROUPS = ("E:1", "E:2")
BY_OWNERSHIP = (ListEffect.PROHIBITS, ListEffect.ENTITY_LIST, ListEffect.MILITARY_END_USER)
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
        *_affiliates(facts, notes),
        *_end_uses(facts, notes),
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


def _affiliates(facts: TransactionFacts, notes: Notebook) -> Iterable[Requirement]:
    """The Affiliates rule, by its dates; `stayed` shows the owner and asks for nothing.

    Source: 90 FR 47201 (2025-09-29), stayed by 90 FR 50857 (2025-11-10 to 2026-11-09).
    """
    version = notes.law.version("affiliates")
    if version is None:
        return
    notes.warn(version.verify)
    for party in facts.parties:
        owners = [owner for owner in party.owners if any(entry.effect in BY_OWNERSHIP for entry in owner.listings)]
        if not owners:
            continue
        if version.state is Standing.STAYED:
            names = ", ".join(owner.name for owner in owners)
            notes.reason(
                version,
                f"{party.name} has listed owners ({names}); the Affiliates rule is stayed.",
                is_flag=True,
            )
            continue
        yield _affiliate(party, [owner.share_percent for owner in owners], version, notes)


def _affiliate(party: PartyFacts, shares: list[Decimal | None], version: RuleVersion, notes: Notebook) -> Requirement:
    bound = notes.law.value("affiliates.share_percent") or Decimal(50)
    known = sum((share for share in shares if share is not None), Decimal(0))
    answer = Answer.YES if known >= bound else (Answer.UNKNOWN if None in shares else Answer.NO)
    fact = f"listed owners hold {figure(known)} %" + (" and an unknown share" if None in shares else "")
    threshold = f"at least {figure(bound)} % in aggregate"
    notes.branch(version, f"Is {party.name} an affiliate of listed parties?", answer, fact=fact, threshold=threshold)
    if answer is Answer.YES:
        text = (
            f"Listed parties hold {figure(known)} % of {party.name}: the strictest of their restrictions applies to it."
        )
        notes.reason(version, text)
    lack = Missing(
        f"parties.{party.role}.owners.share_percent",
        f"A listed owner's share in {party.name} is not known.",
        "the party's page",
    )
    return Requirement(version, answer, ReviewPolicy.DENIAL, missing=(lack,) if answer is Answer.UNKNOWN else ())


def _end_uses(facts: TransactionFacts, notes: Notebook) -> Iterable[Requirement]:
    military = notes.law.version("end-use.military")
    places = {*destinations(facts), *(party.country for party in facts.parties)}
    if military and facts.end_use.is_military and places & MILITARY_PLACES:
        notes.reason(military, "A military end use is stated at a place where any such use needs a licence.")
        yield Requirement(military, Answer.YES, ReviewPolicy.DENIAL)
    supercomputer = notes.law.version("end-use.supercomputer")
    if supercomputer and facts.end_use.is_supercomputer and goes_to_d5_or_macau(facts, notes.law):
        notes.reason(supercomputer, "The stated end use is a supercomputer in Macau or D:5.")
        yield Requirement(supercomputer, Answer.YES, ReviewPolicy.DENIAL)


def _embargo(facts: TransactionFacts, notes: Notebook) -> Iterable[Requirement]:
    """Simplification: the embargoes ask for a licence for every item; their own terms are not encoded."""
    version = notes.law.version("embargo")
    if version is None:
        return
    for country in destinations(facts):
        groups = group_table(notes.law.book).of(country, notes.law.on) or frozenset()
        if country in EMBARGOED_BY_NAME or any(group in groups for group in EMBARGO_GROUPS):
            name = country_name(country, notes.law.book)
            notes.reason(version, f"{name} is under an embargo: ask counsel; a licence is needed at least.")
            yield Requirement(version, Answer.YES, ReviewPolicy.DENIAL)
