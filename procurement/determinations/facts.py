"""From an order as it stands to the facts that regimes are told."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from django.db.models import Q
from django.utils import timezone

from procurement.catalog.models import ChipModel
from procurement.catalog.queries import computed
from procurement.determinations.history import history_of, remote_users_of, site_of
from procurement.evidence.standing import evidence_facts
from procurement.licences.models import Licence, LicenceLine, Side
from procurement.licences.states import LicenceState
from procurement.orders.models import EndUse, Order, OrderLine, OrderParty, PartyRole
from procurement.parties.models import BuyerClass, Ownership, Party, ScreeningState
from procurement.regimes import facts as regime
from procurement.screening.effects import EffectKind
from procurement.screening.models import Hit, HitState, ListSnapshot

ROLES: Final = {
    PartyRole.PURCHASER: regime.PartyRole.PURCHASER,
    PartyRole.INTERMEDIATE_CONSIGNEE: regime.PartyRole.INTERMEDIATE_CONSIGNEE,
    PartyRole.ULTIMATE_CONSIGNEE: regime.PartyRole.ULTIMATE_CONSIGNEE,
    PartyRole.END_USER: regime.PartyRole.END_USER,
}
EFFECTS: Final = {
    EffectKind.PROHIBITED: regime.ListEffect.PROHIBITS,
    EffectKind.LICENCE_REQUIRED: regime.ListEffect.ENTITY_LIST,
    EffectKind.MILITARY_END_USER: regime.ListEffect.MILITARY_END_USER,
    EffectKind.STATEMENT_REQUIRED: regime.ListEffect.UNVERIFIED,
}
DOMESTIC_CHIPS: Final = re.compile(r"\b(?:Ascend|Cambricon|MLU|Hygon|Kunlun|Enflame|Biren|Moore Threads)\s?\w*", re.I)


def facts_of_order(order: Order) -> tuple[regime.TransactionFacts, ...]:
    """One transaction for each line of the order, in the lines' order."""
    lines = list(order.lines.select_related("chip").prefetch_related("chip__figures").order_by("pk"))
    parties = tuple(_parties(order))
    snapshots = tuple(_snapshots())
    today = timezone.now().date()
    remote_users, site = remote_users_of(order), site_of(order, lines)
    licences = tuple(_licences(order))
    return tuple(
        regime.TransactionFacts(
            item=_item(order, line),
            route=_route(order),
            exporter=_exporter(order),
            parties=parties,
            end_use=_end_use(order),
            imports=_imports(order),
            evidence=evidence_facts(order, line, today),
            remote_users=remote_users,
            ordered_beside=tuple(other.chip.name for other in lines if other.pk != line.pk),
            list_snapshots=snapshots,
            history=history_of(order, line, today),
            site=site,
            licences=licences,
        )
        for line in lines
    )


def item_of(chip: ChipModel, quantity: int | None = None) -> regime.ItemFacts:
    """A stored chip as the item of a transaction; its form is not stated yet."""
    figures = computed(chip)
    return regime.ItemFacts(
        chip=chip.slug,
        name=chip.name,
        maker=chip.vendor,
        maker_country=chip.vendor_country,
        tpp=figures.tpp,
        die_area_mm2=figures.die_area_mm2,
        dram_bandwidth_gb_s=chip.dram_bandwidth_gb_s,
        interconnect_gb_s=chip.interconnect_gb_s,
        is_data_centre=chip.is_data_centre,
        is_us_commercial=chip.was_us_commercial_on_2026_01_15,
        quantity=quantity,
        estimates=tuple(chip.estimated_fields),
    )


def _item(order: Order, line: OrderLine) -> regime.ItemFacts:
    item = item_of(line.chip, line.quantity)
    form = regime.Form.SERVER if order.is_server else regime.Form.BARE_CHIP
    return replace(item, form=form, has_encryption=order.has_encryption)


def _route(order: Order) -> regime.RouteFacts:
    consignee = next((row.party for row in _named(order, PartyRole.ULTIMATE_CONSIGNEE)), None)
    to = consignee.country if consignee else order.site.country
    via = (order.via_country,) if order.via_country else ()
    return regime.RouteFacts(order.ship_from_country, to, via, order.site.country)


def _exporter(order: Order) -> regime.ExporterFacts:
    party = next((row.party for row in _named(order, PartyRole.EXPORTER)), None)
    return regime.ExporterFacts(party.name, party.hq_country or None) if party else regime.ExporterFacts()


def _named(order: Order, role: PartyRole) -> list[OrderParty]:
    return [row for row in order.parties.all() if row.role == role]


def _parties(order: Order) -> Iterable[regime.PartyFacts]:
    rows = list(order.parties.select_related("party").order_by("role", "party__name", "pk"))
    forwarders = {row.party_id for row in rows if row.role == PartyRole.FORWARDER}
    for row in rows:
        role = ROLES.get(PartyRole(row.role), regime.PartyRole.OTHER)
        yield _party(row.party, role, is_forwarder=True if row.party_id in forwarders else None)


def _party(party: Party, role: regime.PartyRole, *, is_forwarder: bool | None) -> regime.PartyFacts:
    return regime.PartyFacts(
        role=role,
        name=party.name,
        country=party.country,
        hq=party.hq_country or None,
        ultimate_parent=party.ultimate_parent_country or None,
        owners=tuple(_owners(party, timezone.now().date(), frozenset({party.pk}))),
        listings=None if party.screening_state == ScreeningState.NOT_SCREENED else _listings(party),
        is_forwarder=is_forwarder,
    )


def _owners(party: Party, on: date, below: frozenset[uuid.UUID]) -> Iterable[regime.OwnerFacts]:
    """Owners on a day, each with its own up the tree; a circle ends where it closes."""
    held = Ownership.objects.filter(
        Q(starts_on=None) | Q(starts_on__lte=on), Q(ends_on=None) | Q(ends_on__gt=on), owned=party
    )
    for row in held.select_related("owner").order_by("owner__name", "pk"):
        owner = row.owner
        above = () if owner.pk in below else tuple(_owners(owner, on, below | {owner.pk}))
        yield regime.OwnerFacts(owner.name, row.share_percent, _listings(owner), owner.hq_country or None, above)


def _listings(party: Party) -> tuple[regime.ListingFacts, ...]:
    """Confirmed matches that stand, each with the effect of its list's authority."""
    hits = Hit.objects.filter(party=party, state=HitState.TRUE_MATCH).select_related("entry__snapshot")
    return tuple(
        regime.ListingFacts(
            list_name=hit.entry.snapshot.title,
            entry=f"{hit.entry.name} ({hit.entry_key})",
            effect=EFFECTS.get(EffectKind(hit.effect), regime.ListEffect.FLAG_ONLY),
        )
        for hit in hits.order_by("source_code", "entry_key")
    )


def _licences(order: Order) -> Iterable[regime.LicenceFacts]:
    """The live licences of both sides, line by line: their ends are dates ahead."""
    lines = LicenceLine.objects.filter(licence__order=order, licence__state=LicenceState.ACTIVE)
    for line in lines.select_related("licence").order_by("licence__number", "number"):
        paper = line.licence
        yield regime.LicenceFacts(paper.side, paper.number, line.ship_until, line.use_until)


def _snapshots() -> Iterable[str]:
    for row in ListSnapshot.objects.filter(is_current=True).order_by("source_code"):
        yield f"{row.source_code}@{row.published_on.isoformat()}:{row.sha256[:16]}"


def _end_use(order: Order) -> regime.EndUseFacts:
    use = EndUse(order.end_use)
    return regime.EndUseFacts(
        purpose=order.use_case,
        is_military=use is EndUse.MILITARY,
        is_supercomputer=use is EndUse.SUPERCOMPUTER,
        is_service_to_others=use is EndUse.CLOUD_SERVICE,
    )


def _imports(order: Order) -> regime.ImportFacts:
    """What the importer's authorities ask, of the end user and its site; their own answer where one is on file."""
    answer = _import_licence(order)
    return regime.ImportFacts(
        buyer_class=_buyer_class(order),
        state_funding_percent=order.site.state_funding_percent,
        project_complete_percent=order.site.completion_percent,
        use_case=order.use_case,
        domestic_alternatives=tuple(dict.fromkeys(DOMESTIC_CHIPS.findall(order.domestic_alternatives))),
        domestic_reason=order.domestic_alternatives,
        authority=answer.authority if answer else "",
        authority_reference=answer.number if answer else "",
        authority_answer=regime.AuthorityAnswer.GRANTED if answer else None,
    )


def _import_licence(order: Order) -> Licence | None:
    live = order.licences.filter(side=Side.IMPORTER, state=LicenceState.ACTIVE)
    return live.order_by("-issued_on", "pk").first()


def _buyer_class(order: Order) -> regime.BuyerClass | None:
    """Of the end user, else of the site's operator; an unknown class is a missing fact, not a private buyer."""
    party = next((row.party for row in _named(order, PartyRole.END_USER)), order.site.operator)
    if party.buyer_class == BuyerClass.UNKNOWN:
        return None
    return regime.BuyerClass(party.buyer_class)
