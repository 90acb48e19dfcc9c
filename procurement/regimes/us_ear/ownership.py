"""Who stands behind a party: the majority owner at the top, and listed owners along the tree of shares."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from procurement.regimes.dated import RuleVersion, Standing
from procurement.regimes.facts import ListEffect, OwnerFacts, PartyFacts, TransactionFacts
from procurement.regimes.lanes import ReviewPolicy
from procurement.regimes.notes import Answer, Notebook, Requirement, figure
from procurement.regimes.outcome import Missing

BY_OWNERSHIP = (ListEffect.PROHIBITS, ListEffect.ENTITY_LIST, ListEffect.MILITARY_END_USER)
MAJORITY = Decimal(50)


@dataclass(frozen=True, slots=True)
class Holding:
    """A restricted owner of a party: listed itself, or held in turn by listed ones. None: its share is not known."""

    owner: OwnerFacts
    share_percent: Decimal | None


def majority_chain(party: PartyFacts) -> tuple[OwnerFacts, ...]:
    """The owners of more than half, from the nearest up; the last is the ultimate parent, as far as is known.

    Simplification: an owner of half or less is no parent here, although it may control by other means; the stated
    ultimate parent is asked beside this, and either one suffices.
    """
    chain: list[OwnerFacts] = []
    owners = party.owners
    while found := next((each for each in owners if (each.share_percent or 0) > MAJORITY), None):
        chain.append(found)
        owners = found.owners
    return tuple(chain)


def is_listed(owner: OwnerFacts) -> bool:
    """Whether an owner is itself on a list whose restrictions go down to what it owns."""
    return any(entry.effect in BY_OWNERSHIP for entry in owner.listings)


def restricted(owners: Iterable[OwnerFacts], bound: Decimal) -> Iterator[Holding]:
    """The owners that count: those listed, and those that restricted owners hold to the bound, tier by tier.

    Simplification: the bound is asked anew at each tier, as OFAC does; shares are not multiplied down the tree.
    """
    for owner in owners:
        if is_listed(owner):
            yield Holding(owner, owner.share_percent)
            continue
        answer, _ = held_to(list(restricted(owner.owners, bound)), bound)
        if answer is not Answer.NO:
            yield Holding(owner, owner.share_percent if answer is Answer.YES else None)


def held_to(holdings: list[Holding], bound: Decimal) -> tuple[Answer, Decimal]:
    """Whether restricted owners hold the bound together, and the share of them that is known, in per cent."""
    shares = [each.share_percent for each in holdings]
    known = sum((share for share in shares if share is not None), Decimal(0))
    if known >= bound:
        return Answer.YES, known
    return (Answer.UNKNOWN if None in shares else Answer.NO), known


def affiliates(facts: TransactionFacts, notes: Notebook) -> Iterable[Requirement]:
    """The Affiliates rule, by its dates; `stayed` shows the owner and asks for nothing.

    Source: 90 FR 47201 (2025-09-29), stayed by 90 FR 50857 (2025-11-10 to 2026-11-09).
    """
    version = notes.law.version("affiliates")
    for party in facts.parties:
        _warn_of_blocked(party, notes)
    if version is None:
        return
    notes.warn(version.verify)
    bound = notes.law.value("affiliates.share_percent") or MAJORITY
    for party in facts.parties:
        holdings = list(restricted(party.owners, bound))
        if not holdings:
            continue
        if version.state is Standing.STAYED:
            names = ", ".join(each.owner.name for each in holdings)
            text = f"{party.name} has listed owners ({names}); the Affiliates rule is stayed."
            notes.reason(version, text, is_flag=True)
            continue
        yield _affiliate(party, holdings, version, notes)


def _warn_of_blocked(party: PartyFacts, notes: Notebook) -> None:
    """OFAC blocks what blocked persons own to half, whatever the Affiliates rule; lists are not told apart."""
    version = notes.law.version("list.prohibited")
    blocked = [each for each in party.owners if any(entry.effect is ListEffect.PROHIBITS for entry in each.listings)]
    if version is None or not blocked:
        return
    names = ", ".join(each.name for each in blocked)
    text = (
        f"{party.name} is owned in part by {names}, with whom dealing is prohibited: if blocked persons hold half of "
        "it together, OFAC treats it as blocked too. Ask counsel which list it is."
    )
    notes.reason(version, text, is_flag=True)


def _affiliate(party: PartyFacts, holdings: list[Holding], version: RuleVersion, notes: Notebook) -> Requirement:
    bound = notes.law.value("affiliates.share_percent") or MAJORITY
    answer, known = held_to(holdings, bound)
    has_unknown = any(each.share_percent is None for each in holdings)
    fact = f"listed owners hold {figure(known)} %" + (" and an unknown share" if has_unknown else "")
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
    return Requirement(
        version,
        answer,
        ReviewPolicy.DENIAL,
        allows_exceptions=answer is Answer.NO,
        missing=(lack,) if answer is Answer.UNKNOWN else (),
    )
