"""Acts on divisions of scarce supply: a proposal with its reasons, edited and decided by an officer."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.clock import wake
from allocation.scheduler.models import Division, DivisionShare, FilingPriority, Priority
from allocation.scheduler.supply import Claim, Indivisible, divide
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import next_reference, record
from procurement.catalog.models import ChipModel
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.licences.models import LicenceLine
from procurement.licences.states import LicenceState
from procurement.orders.models import Order

_WEIGHTS: Final = {Priority.LOW: 0.5, Priority.NORMAL: 1.0, Priority.HIGH: 2.0, Priority.URGENT: 4.0}
_ASKING: Final = (FilingState.IN_REVIEW, FilingState.APPROVED)


@dataclass(frozen=True)
class Wish:
    """One filing's row as an officer wrote it: the least that is of use, and its rank (1 is first)."""

    filing: Filing
    least: int
    rank: int


def asking(order: Order, chip: ChipModel) -> QuerySet[Filing]:
    """The filings in review or approved that ask for a chip under an order."""
    found = Filing.objects.filter(order=order, chip=chip, state__in=_ASKING).select_related("team")
    return found.select_related("scheduling_priority", "team").order_by("reference")


def approved_quantity(order: Order, chip: ChipModel) -> int:
    """What every authority with a say has granted: the least of them; 0 where one side has granted nothing."""
    lines = LicenceLine.objects.filter(licence__order=order, chip=chip, licence__state=LicenceState.ACTIVE)
    granted = lines.values("licence__side", "licence__authority").annotate(units=Sum("granted")).order_by()
    by_side: dict[str, list[int]] = defaultdict(list)
    for row in granted:
        by_side[row["licence__side"]].append(row["units"])
    return min((min(units) for units in by_side.values()), default=0) if len(by_side) > 1 else 0


def weight_of(filing: Filing, rank: int, count: int) -> float:
    """Its priority's weight, up to twice that for the first in the officers' ranking.

    Simplification: the ranking counts linearly, from twice for the first to just above once for the last.
    """
    known = FilingPriority.objects.filter(filing=filing).values_list("priority", flat=True).first()
    return _WEIGHTS[Priority(known or 0)] * (1 + (count - rank + 1) / count)


def propose_division(
    *, actor: Actor, order_id: uuid.UUID, chip: ChipModel, quantity: int, wishes: Sequence[Wish]
) -> Division:
    """Work out a division and keep it as a proposal; nothing is bounded by it yet.

    Raises:
        InvalidInput: no filing asks, or a least size or rank makes no sense.
    """
    actor.require(Act.DIVIDE_SUPPLY)
    if quantity < 1 or not wishes:
        raise InvalidInput("There is nothing to divide: no quantity, or no filing that asks.", field="quantity")
    ranked = sorted(wishes, key=lambda wish: (wish.rank, wish.filing.reference))
    claims = [
        Claim(wish.filing.reference, wish.filing.max_devices, wish.least, weight_of(wish.filing, number, len(ranked)))
        for number, wish in enumerate(ranked, 1)
    ]
    try:
        parts = divide(quantity, claims)
    except Indivisible as fault:
        raise InvalidInput(str(fault)) from fault
    with transaction.atomic():
        order = Order.objects.get(pk=order_id)
        made = Division.objects.create(
            reference=next_reference("DIV"), order=order, chip=chip, quantity=quantity, proposed_by=actor.membership
        )
        DivisionShare.objects.bulk_create(
            DivisionShare(
                division=made, filing=wish.filing, asked=wish.filing.max_devices, least=wish.least, rank=number,
                proposed=part.given, given=part.given, reason=part.reason,
            )
            for number, (wish, part) in enumerate(zip(ranked, parts, strict=True), 1)
        )  # fmt: skip
        shares = {part.name: part.given for part in parts}
        facts = {"order": order.reference, "chip": chip.slug, "quantity": quantity, "shares": shares}
        record("division.proposed", made, actor=actor, facts=facts)
    return made


def decide_division(*, actor: Actor, division_id: uuid.UUID, given: dict[str, int], reason: str) -> Division:
    """Put a division into force, as proposed or edited; it replaces the one before it.

    From then on no filing's jobs hold more devices at once than its share. What runs beyond it runs on.

    Args:
        given: devices by reference of the filing.

    Raises:
        InvalidInput: more is given than there is or than is asked for, or no reason.
        ComplianceRefusal: it was decided or replaced before.
    """
    actor.require(Act.DIVIDE_SUPPLY)
    said = reason.strip()
    if not said:
        raise InvalidInput("Please say why it is divided so.", field="reason")
    with transaction.atomic():
        made = Division.objects.select_for_update().get(pk=division_id)
        if made.decided_at is not None or made.replaced_at is not None:
            raise ComplianceRefusal(f"{made.reference} has been decided or replaced already.")
        shares = list(made.shares.select_related("filing"))
        _check(made, shares, given)
        for share in shares:
            DivisionShare.objects.filter(pk=share.pk).update(given=given[share.filing.reference])
        before = Division.objects.filter(
            order=made.order_id, chip=made.chip_id, decided_at__isnull=False, replaced_at=None
        )
        replaced = list(before.values_list("reference", flat=True))
        before.update(replaced_at=Now())
        Division.objects.filter(pk=made.pk).update(
            decided_at=Now(), decided_by=actor.membership, decided_because=said[:1000]
        )
        edited = sorted(share.filing.reference for share in shares if given[share.filing.reference] != share.proposed)
        facts = {"shares": given, "edited": edited, "replaces": replaced, "reason": said[:300]}
        record("division.decided", made, actor=actor, facts=facts)
        wake()
    return Division.objects.get(pk=division_id)


def _check(made: Division, shares: list[DivisionShare], given: dict[str, int]) -> None:
    if set(given) != {share.filing.reference for share in shares}:
        raise InvalidInput("Every filing of the division gets a number, and no other.")
    for share in shares:
        part, name = given[share.filing.reference], share.filing.reference
        if not 0 <= part <= share.asked:
            raise InvalidInput(f"{name} asks for {share.asked} devices.", field=name)
    if sum(given.values()) > made.quantity:
        raise InvalidInput(f"{sum(given.values())} devices are given; there are {made.quantity}.")
