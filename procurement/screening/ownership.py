"""Who holds a party, up the tree, and what listed owners hold of it together: the 50 % rule, by date.

Source: OFAC's 50 % rule as revised 2014-08-13 (blocked persons' shares are added up; what they hold to half counts as
blocked itself, tier by tier); BIS's Affiliates rule, 90 FR 47201, by its dates (see ``regimes/us_ear``).

Simplification: two sums are made, and either one reaching half is enough: the tiers' one, and every listed owner's
share multiplied along each path and added. That errs to the strict side: OFAC itself does not multiply.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from django.db.models import Max, Q, QuerySet

from ledger.models import Entry
from procurement.parties.models import Ownership, Party, ScreeningState
from procurement.regimes.dated import Law, Standing
from procurement.regimes.rule_set import own
from procurement.regimes.us_ear import REGIME as US_EAR
from procurement.screening.effects import EffectKind
from procurement.screening.models import Hit, HitState

HALF: Final = Decimal(50)
WHOLE: Final = Decimal(100)
OFAC_FROM: Final = date(2014, 8, 13)
MOST_DEEP: Final = 30
_BLOCKED = frozenset({EffectKind.PROHIBITED, EffectKind.STOP, EffectKind.READ_ENTRY})
_AFFILIATES = frozenset({EffectKind.LICENCE_REQUIRED, EffectKind.MILITARY_END_USER})


class Listed(StrEnum):
    """Whether an owner counts under the 50 % rule that day."""

    YES = "listed"
    MAY_BE = "may_be_listed"
    NO = "not_listed"


class Reach(StrEnum):
    """Whether listed owners hold half of a party together."""

    HALF = "half"
    LESS = "less"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Holder:
    """One who holds a share in what stands below.

    Attributes:
        share: the direct share, in per cent; ``None``: not known.
        reaching: the share in the root along this path, in per cent; ``None`` where one on the way is not known.
        held: what listed owners hold of this holder together, in per cent, as far as is known.
        is_circle: it stands below already; what is above is not shown again.
    """

    party: Party
    share: Decimal | None
    reaching: Decimal | None
    listed: Listed
    held: Decimal
    owners: tuple[Holder, ...]
    is_circle: bool = False

    @property
    def words(self) -> dict[str, str]:
        """The shares as a page shows them; "" for one that is not known, or that there is none of."""
        known = {"share": self.share, "reaching": self.reaching, "held": self.held or None}
        return {name: "" if value is None else f"{figure(value)} %" for name, value in known.items()}


@dataclass(frozen=True)
class Tree:
    """The owners of a party on a day, and the sums.

    Attributes:
        by_tiers: what counts as listed, tier by tier, holds of it, in per cent, as far as is known.
        summed: what listed owners hold along all paths, multiplied, in per cent, as far as is known.
        unknown: shares that are not known, each in words.
    """

    party: Party
    on: date
    owners: tuple[Holder, ...]
    by_tiers: Decimal
    summed: Decimal
    unknown: tuple[str, ...]
    reach: Reach

    @property
    def most(self) -> Decimal:
        """The larger of the two sums."""
        return max(self.by_tiers, self.summed)

    @property
    def words(self) -> dict[str, str]:
        """The sums as a page shows them."""
        return {"by_tiers": f"{figure(self.by_tiers)} %", "summed": f"{figure(self.summed)} %"}


class _Shares:
    """All shares that may matter to some parties on a day, read level by level."""

    def __init__(self, roots: Iterable[uuid.UUID], on: date) -> None:
        self.on = on
        self.above: dict[uuid.UUID, list[Ownership]] = defaultdict(list)
        edge = known = set(roots)
        while edge:
            found = list(_in_force(on).filter(owned__in=edge).select_related("owner").order_by("owner__name", "pk"))
            for row in found:
                self.above[row.owned_id].append(row)
            edge = {row.owner_id for row in found} - known
            known = known | edge
        self.effects = _effects(known)

    def listed(self, party: Party) -> Listed:
        """Whether the party counts that day: confirmed on a list whose restrictions reach what it holds."""
        kinds = self.effects.get(party.pk, frozenset())
        if kinds & counted_effects(self.on):
            return Listed.YES
        if party.screening_state in (ScreeningState.UNDECIDED, ScreeningState.NOT_SCREENED):
            return Listed.MAY_BE
        return Listed.NO


def _in_force(on: date) -> QuerySet[Ownership]:
    return Ownership.objects.filter(Q(starts_on=None) | Q(starts_on__lte=on), Q(ends_on=None) | Q(ends_on__gt=on))


def _effects(parties: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, frozenset[str]]:
    """The effects of the confirmed matches of each party, and of released ones that its shares have outgrown."""
    found: dict[uuid.UUID, set[str]] = defaultdict(set)
    hits = Hit.objects.filter(party__in=set(parties), state__in=(HitState.TRUE_MATCH, HitState.RELEASED))
    for hit in hits.only("party_id", "effect", "state"):
        if hit.state == HitState.TRUE_MATCH or _is_outgrown(hit):
            found[hit.party_id].add(hit.effect)
    return {party: frozenset(effects) for party, effects in found.items()}


def _is_outgrown(hit: Hit) -> bool:
    """Whether a share of the party was recorded after two officers released its match: they did not know of it."""
    released = hit.decisions.filter(outcome=HitState.RELEASED).aggregate(at=Max("in_effect_at"))["at"]
    told = Entry.objects.filter(act="party.ownership_recorded", facts__owner=str(hit.party_id))
    return released is None or told.filter(at__gt=released).exists()


def counted_effects(on: date) -> frozenset[EffectKind]:
    """Which lists' effects go down to what their parties hold on a day."""
    counted: frozenset[EffectKind] = _BLOCKED if on >= OFAC_FROM else frozenset()
    version = Law(own().book(US_EAR), on).version("affiliates")
    if version is not None and version.state is Standing.IN_FORCE:
        counted |= _AFFILIATES
    return counted


def trees(parties: Sequence[Party], on: date) -> list[Tree]:
    """The tree of each of these parties on a day: a few queries, however many they are."""
    shares = _Shares((party.pk for party in parties), on)
    return [_tree(party, shares) for party in parties]


def _tree(party: Party, shares: _Shares) -> Tree:
    owners = tuple(_holders(party, shares, WHOLE, frozenset({party.pk})))
    by_tiers, is_open = _held(owners)
    summed = sum((each.reaching or Decimal(0) for each in _first_listed(owners)), Decimal(0))
    unknown = tuple(dict.fromkeys(_unknown(party, owners)))
    reach = Reach.HALF if max(by_tiers, summed) >= HALF else Reach.UNKNOWN if is_open or unknown else Reach.LESS
    return Tree(party, shares.on, owners, by_tiers, summed, unknown, reach)


def _holders(party: Party, shares: _Shares, below: Decimal | None, path: frozenset[uuid.UUID]) -> Iterator[Holder]:
    """The owners of a party, each with its own up the tree; a circle ends where it closes."""
    for row in shares.above.get(party.pk, ()):
        owner, share = row.owner, row.share_percent
        reaching = None if below is None or share is None else below * share / WHOLE
        is_circle = owner.pk in path or len(path) > MOST_DEEP
        above = () if is_circle else tuple(_holders(owner, shares, reaching, path | {owner.pk}))
        yield Holder(owner, share, reaching, shares.listed(owner), _held(above)[0], above, is_circle)


def _held(owners: Iterable[Holder]) -> tuple[Decimal, bool]:
    """What counts as listed among the owners holds together, and whether it may be more than is known."""
    known, is_open = Decimal(0), False
    for each in owners:
        counts = _counts(each)
        if counts is Listed.YES and each.share is not None:
            known += each.share
        elif counts is not Listed.NO:
            is_open = True
    return known, is_open


def _counts(holder: Holder) -> Listed:
    """Whether a holder counts: listed itself, or held to half by what counts."""
    if holder.listed is Listed.YES or holder.held >= HALF:
        return Listed.YES
    return Listed.MAY_BE if holder.listed is Listed.MAY_BE or _held(holder.owners)[1] else Listed.NO


def _first_listed(owners: Iterable[Holder]) -> Iterator[Holder]:
    """The listed holders nearest to the root on each path: what stands above them holds nothing more."""
    for each in owners:
        if each.listed is Listed.YES:
            yield each
        else:
            yield from _first_listed(each.owners)


def _unknown(party: Party, owners: Iterable[Holder]) -> Iterator[str]:
    for each in owners:
        if each.share is None:
            yield f"The share of {each.party.name} in {party.name} is not known."
        yield from _unknown(each.party, each.owners)


def ownership_blockers(parties: Sequence[Party], on: date) -> list[str]:
    """Why what is held by listed owners, or is held to an unknown share, may not go on.

    An unknown share blocks whoever holds it: nobody can say what it would add up to.
    """
    return [reason for tree in trees(parties, on) for reason in reasons(tree)]


def reasons(tree: Tree) -> list[str]:
    """Of one tree: that listed owners hold half, and every share that is not known."""
    found = [f"{text} Until it is recorded it counts as a blocker, not as a pass." for text in tree.unknown]
    if tree.reach is Reach.HALF:
        names = ", ".join(dict.fromkeys(_named(each) for each in _first_listed(tree.owners)))
        held = f"Listed owners hold {figure(tree.most)} % of {tree.party.name} together ({names}) on {tree.on}"
        found.insert(0, f"{held}: by the 50 % rule it is restricted as they are.")
    return found


def _named(holder: Holder) -> str:
    share = f"{figure(holder.share)} %" if holder.share is not None else "share not known"
    return f"{holder.party.name}, {share}"


def figure(value: Decimal) -> str:
    """A percentage without trailing noughts."""
    return f"{value.quantize(Decimal('0.001')).normalize():f}"
