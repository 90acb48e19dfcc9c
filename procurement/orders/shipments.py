"""Leave to ship, and what arrived: holds and draws on a live licence line of each authority."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger import events
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import next_reference, record
from ledger.transitions import advance
from procurement.catalog.models import ChipModel
from procurement.evidence.blockers import release_blockers
from procurement.evidence.services import use_report
from procurement.licences import balances
from procurement.licences.models import ConditionKind, Draw, Hold, Licence, LicenceLine, Side
from procurement.orders import blockers
from procurement.orders.models import Order, OrderLine, Receipt, ReceiptItem, Release
from procurement.orders.states import EDGES, OrderAction, OrderState
from procurement.parties.models import ScreeningState, Site
from procurement.screening.services import screen_order
from procurement.screening.subjects import parties_of_order

SERIAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,59}")
SERIAL_WORDS: Final = "1 to 60 letters, digits and . _ : / -, beginning with a letter or digit"
SERIALS_LIMIT: Final = 10_000
SHIPPING = (OrderState.APPROVED, OrderState.RECEIVED)


def release_shipment(*, actor: Actor, line: OrderLine, quantity: int) -> Release:
    """Give leave to ship: the units are held on a live licence line of each authority.

    Raises:
        InvalidInput: no quantity, or more than the order line has left.
        ComplianceRefusal: the order is not approved, a party is not clear, a certification is not held, no laboratory's
            report is about these units where the licence asks for one, or fewer units are usable; it says why.
    """
    actor.require(Act.RELEASE_SHIPMENT)
    # In a transaction of its own: what it finds stays on record although the release is refused for it.
    screen_order(actor=actor, order=line.order, why="before a release")
    with transaction.atomic():
        order = _locked_order(line.order_id)
        current = order.lines.get(pk=line.pk)
        _refuse_unready(actor, order)
        _check_left(current, quantity)
        _refuse_uncertified(current)
        usable = balances.usable_for(current, _locked_lines(order), timezone.now().date())
        if quantity > usable.units:
            raise ComplianceRefusal(
                f"{quantity} asked, {usable.units} usable: {'; '.join(usable.reasons)}.", blockers=usable.reasons
            )
        release = Release.objects.create(
            reference=next_reference("REL"), line=current, quantity=quantity, released_by=actor.membership
        )
        pairings = usable.pair(quantity)
        if _needs_report(pairings):
            use_report(actor=actor, release=release)
        held = _hold(release, pairings)
        facts = {"order": order.reference, "units": quantity, "held": held}
        record("shipment.released", release, actor=actor, facts=facts)
    return release


@dataclass(frozen=True)
class Arrival:
    """Serials of one chip model that arrived at a site on a day."""

    site: Site
    chip: ChipModel
    serials: Sequence[str]
    received_on: date


def record_receipt(*, actor: Actor, order: Order, arrival: Arrival) -> Receipt:
    """Record what arrived, in full; each serial is bound to a live line of each side while released units remain.

    What is beyond them is bound to none: it is unlicensed, and inventory puts it in quarantine.

    Raises:
        InvalidInput: malformed, doubled or already recorded serials, each named; a day in the future.
    """
    with transaction.atomic():
        actor.require(Act.RECORD_RECEIPT)
        locked = _locked_order(order.pk)
        serials = _checked_serials(arrival)
        lines = _locked_lines(locked)
        receipt = Receipt.objects.create(
            reference=next_reference("REC"), order=locked, site=arrival.site,
            recorded_by=actor.membership, received_on=arrival.received_on,
        )  # fmt: skip
        is_shipping = locked.state in SHIPPING and not _has_match(locked)
        pairs = _cover(locked, lines, arrival) if is_shipping else []
        items = _record_items(receipt, arrival.chip, serials)
        _draw(items, pairs)
        if is_shipping:
            locked.state = advance(EDGES, locked.state, OrderAction.RECEIVE)
            locked.save(update_fields=["state"])
        record("receipt.recorded", receipt, actor=actor, facts=_receipt_facts(locked, items))
        events.publish(events.DevicesReceived(receipt_id=receipt.pk))
    return receipt


def _locked_order(order_id: uuid.UUID) -> Order:
    return (
        Order.objects.select_for_update(of=("self",))
        .select_related("site__operator")
        .prefetch_related("parties__party")
        .get(pk=order_id)
    )


def _locked_lines(order: Order) -> list[LicenceLine]:
    """Licences, then their lines, each in the sequence of their keys, so that two acts never wait for each other."""
    list(Licence.objects.select_for_update().filter(order=order).order_by("pk").values_list("pk"))
    return list(
        LicenceLine.objects.select_for_update(of=("self",))
        .filter(licence__order=order)
        .select_related("licence", "chip", "site", "end_user")
        .prefetch_related("licence__conditions")
        .order_by("pk")
    )


def _refuse_unready(actor: Actor, order: Order) -> None:
    """Only an approved order ships, and only while every party is clear; which one is not is for those who screen."""
    if order.state not in SHIPPING:
        raise ComplianceRefusal(f"{order.reference} is {order.state.replace('_', ' ')}; only an approved order ships.")
    unclear = tuple(each.text for each in blockers.screening_blockers(order))
    if unclear:
        told = unclear if actor.may(Act.SEE_SCREENING) else ("The compliance office has not cleared every party.",)
        raise ComplianceRefusal(f"Nothing of {order.reference} may ship now.", blockers=told)


def _has_match(order: Order) -> bool:
    """Whether a party of the order, or an owner of one, is a confirmed match: nothing is bound to a licence then."""
    return parties_of_order(order).filter(screening_state=ScreeningState.MATCHED).exists()


def _refuse_uncertified(line: OrderLine) -> None:
    """Where the order's lane asks for certifications, all of them are held before a unit ships."""
    missing = release_blockers(line, timezone.now().date())
    if missing:
        raise ComplianceRefusal("Certifications that go with this order are not held.", blockers=tuple(missing))


def _needs_report(pairings: Sequence[balances.Pairing]) -> bool:
    """Whether an export licence that the units are held on asks for a laboratory's test of each shipment."""
    licences = {line.licence for each in pairings for line in each.lines if line.licence.side == Side.EXPORTER}
    return any(
        condition.kind == ConditionKind.LAB_TEST for licence in licences for condition in licence.conditions.all()
    )


def _check_left(line: OrderLine, quantity: int) -> None:
    released = sum(line.releases.values_list("quantity", flat=True))
    left = line.quantity - released
    if quantity < 1:
        raise InvalidInput("Release at least one unit.", field="quantity")
    if quantity > left:
        raise InvalidInput(
            f"{quantity} asked; the order line is for {line.quantity}, and {released} are released already.",
            field="quantity",
        )


def _hold(release: Release, pairings: Sequence[balances.Pairing]) -> dict[str, int]:
    """Write the holds, one a line, and raise the lines' balances; returns units by line for the record."""
    lines = {each.pk: each for pairing in pairings for each in pairing.lines}
    units = dict.fromkeys(lines, 0)
    for pairing in pairings:
        for each in pairing.lines:
            units[each.pk] += pairing.quantity
    for key in sorted(units):
        Hold.objects.create(line=lines[key], release=release, quantity=units[key], remaining=units[key])
        lines[key].held += units[key]
        lines[key].save(update_fields=["held"])
    return {f"{lines[key].licence.reference}/{lines[key].number}": units[key] for key in sorted(units)}


def _checked_serials(arrival: Arrival) -> list[str]:
    serials = [serial.strip() for serial in arrival.serials if serial.strip()]
    if not serials:
        raise InvalidInput("Enter at least one serial.", field="serials")
    if len(serials) > SERIALS_LIMIT:
        raise InvalidInput(f"{len(serials)} serials; a receipt takes at most {SERIALS_LIMIT:,}.", field="serials")
    if arrival.received_on > timezone.now().date():
        raise InvalidInput("The day of arrival lies in the future.", field="received_on")
    malformed = [serial for serial in serials if not SERIAL.fullmatch(serial)]
    if malformed:
        raise InvalidInput(f"No serials: {_some(malformed)}. A serial has {SERIAL_WORDS}.", field="serials")
    doubled = [serial for serial, times in Counter(serials).items() if times > 1]
    if doubled:
        raise InvalidInput(f"Entered twice: {_some(doubled)}.", field="serials")
    _refuse_known(serials)
    return serials


def _refuse_known(serials: Sequence[str]) -> None:
    known = ReceiptItem.objects.filter(serial__in=serials).select_related("receipt")
    if known:
        words = [f"{item.serial} ({item.receipt.reference})" for item in known]
        raise InvalidInput(f"Recorded already: {_some(words)}.", field="serials")


def _some(words: Sequence[str]) -> str:
    shown = [word[:70] for word in words[:20]]
    more = f" and {len(words) - len(shown)} more" if len(words) > len(shown) else ""
    return ", ".join(shown) + more


@dataclass(frozen=True)
class _Cover:
    """One unit that a release holds on a line of each authority."""

    holds: tuple[Hold, ...]

    def line(self, side: Side) -> LicenceLine:
        """The first line of a side."""
        return next(hold.line for hold in self.holds if hold.line.licence.side == side)


def _cover(order: Order, lines: Sequence[LicenceLine], arrival: Arrival) -> list[_Cover]:
    """The held units that cover an arrival: of releases of this chip, on lines that are live for this site and day."""
    line = order.lines.filter(chip=arrival.chip).select_related("order").first()
    if line is None or arrival.site.pk != order.site_id:
        return []
    line.order = order
    held = {each.pk: each for each in lines}
    live = {pk for pk, each in held.items() if balances.why_not(each, line, arrival.received_on) is None}
    covers: list[_Cover] = []
    for release in line.releases.order_by("released_at", "pk"):
        holds = list(release.holds.select_for_update().order_by("pk"))
        for hold in holds:
            hold.line = held[hold.line_id]
        asked = {balances.Authority.of(hold.line.licence) for hold in holds}
        usable = [hold for hold in holds if hold.line_id in live]
        for user in dict.fromkeys(hold.line.end_user_id for hold in usable):
            units = (_units(usable, user, authority) for authority in sorted(asked))
            covers += [_Cover(each) for each in zip(*units, strict=False)]
    return covers


def _units(holds: Sequence[Hold], user: uuid.UUID, authority: balances.Authority) -> list[Hold]:
    """Each hold on an authority's lines for one end user, as often as it has units left."""
    same_user = [hold for hold in holds if hold.line.end_user_id == user]
    own = [hold for hold in same_user if balances.Authority.of(hold.line.licence) == authority]
    return [hold for hold in own for _ in range(hold.remaining)]


def _record_items(receipt: Receipt, chip: ChipModel, serials: Sequence[str]) -> list[ReceiptItem]:
    items = [ReceiptItem(receipt=receipt, chip=chip, serial=serial) for serial in serials]
    try:
        with transaction.atomic():
            return ReceiptItem.objects.bulk_create(items)
    except IntegrityError:
        _refuse_known(serials)
        raise


def _draw(items: Sequence[ReceiptItem], covers: Sequence[_Cover]) -> None:
    """Turn a held unit of each side into a drawn one, for as many serials as are covered."""
    holds: dict[uuid.UUID, Hold] = {}
    draws: list[Draw] = []
    for item, cover in zip(items, covers, strict=False):
        item.exporter_line, item.importer_line = cover.line(Side.EXPORTER), cover.line(Side.IMPORTER)
        for hold in cover.holds:
            hold.remaining -= 1
            hold.line.held -= 1
            hold.line.drawn += 1
            holds[hold.pk] = hold
            draws.append(Draw(line=hold.line, item=item))
    covered = [item for item in items if item.exporter_line_id]
    ReceiptItem.objects.bulk_update(covered, ["exporter_line", "importer_line"], batch_size=500)
    Draw.objects.bulk_create(draws)
    for hold in holds.values():
        hold.save(update_fields=["remaining"])
    for line in {hold.line_id: hold.line for hold in holds.values()}.values():
        line.save(update_fields=["held", "drawn"])


def _receipt_facts(order: Order, items: Sequence[ReceiptItem]) -> dict[str, object]:
    return {
        "order": order.reference,
        "serials": [item.serial for item in items],
        "unlicensed": [item.serial for item in items if not item.is_licensed],
    }
