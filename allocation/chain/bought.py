"""The links of what was bought: demand, order, determination, screening, receipt, site."""

from __future__ import annotations

from typing import Final

from allocation.chain.basis import Basis
from allocation.chain.chain import Link, Rest
from allocation.chain.links import LinkKind, LinkStatus
from allocation.chain.pages import page
from procurement.licences.models import LegalEffect
from procurement.orders.states import OrderState
from procurement.parties.models import Party, ScreeningState, Site
from procurement.regimes.lanes import Lane
from procurement.regimes.registry import REGIMES
from procurement.screening.effects import EffectKind
from procurement.screening.models import Hit, HitState

REQUIRED_REGIMES: Final = {"us_ear": "US export", "prc_import": "PRC import"}
_LIVE_ORDER = frozenset({OrderState.APPROVED, OrderState.RECEIVED})
_AHEAD_ORDER = frozenset({OrderState.DRAFT, OrderState.IN_REVIEW})
# A match on such a list opens a case and bars new starts; what runs goes on.
_MILD = frozenset({EffectKind.STATEMENT_REQUIRED, EffectKind.SECURITIES_ONLY, EffectKind.REVIEW})
_SHUT_LANES = frozenset({Lane.PROHIBITED, Lane.UNDETERMINED})


def demand_link(basis: Basis) -> Link:
    """The demand was stated and has not been withdrawn."""
    demand = basis.order.demand
    gone = demand.withdrawn_at is not None
    return Link(
        kind=LinkKind.DEMAND,
        label="Demand",
        reference=demand.reference,
        status=LinkStatus.BROKEN if gone else LinkStatus.WHOLE,
        reason="The demand was withdrawn." if gone else "",
        effect=LegalEffect.DRAIN if gone else None,
        url=page("orders:detail", basis.order.pk),
        facts={"quantity": demand.quantity, "purpose": demand.purpose},
        rests=(Rest("demand", demand.pk, demand.reference, demand.version),),
    )


def order_link(basis: Basis) -> Link:
    """The order is approved or received."""
    order = basis.order
    status, reason = LinkStatus.WHOLE, ""
    if order.state in _AHEAD_ORDER:
        status, reason = LinkStatus.PENDING, f"The order is {_words(order.state)}; two officers decide on it."
    elif order.state not in _LIVE_ORDER:
        status, reason = LinkStatus.BROKEN, f"The order is {_words(order.state)}."
    return Link(
        kind=LinkKind.ORDER,
        label="Order",
        reference=order.reference,
        status=status,
        reason=reason,
        effect=LegalEffect.DRAIN if status == LinkStatus.BROKEN else None,
        url=page("orders:detail", order.pk),
        facts={"state": order.state, "end_use": order.end_use},
        rests=(Rest("order", order.pk, order.reference, order.version),),
    )


def regimes_asked(basis: Basis) -> tuple[str, ...]:
    """The regimes that every order needs, then those of other countries that its determinations name."""
    others = {each.regime for each in basis.determinations} - set(REQUIRED_REGIMES)
    return (*REQUIRED_REGIMES, *sorted(others))


def _words_of(regime: str) -> str:
    known = {each.id: each.title for each in REGIMES}
    return REQUIRED_REGIMES.get(regime) or known.get(regime, regime)


def determination_link(basis: Basis, regime: str) -> Link:
    """The regime has a current determination that leaves a way open."""
    found = next((each for each in basis.determinations if each.regime == regime), None)
    words = _words_of(regime)
    shared = {"kind": LinkKind.DETERMINATION, "label": f"{words} determination"}
    url = page("orders:detail", basis.order.pk)
    if found is None:
        reason = f"No current {words} determination is stored for {basis.order.reference}."
        return Link(**shared, reference=regime, status=LinkStatus.PENDING, reason=reason, url=url)  # type: ignore[arg-type]
    shut = found.lane in _SHUT_LANES
    return Link(
        **shared,  # type: ignore[arg-type]
        reference=f"{regime} {found.on:%Y-%m-%d}",
        status=LinkStatus.BROKEN if shut else LinkStatus.WHOLE,
        reason=f"The {words} determination of {found.on:%d %b %Y} is {_words(found.lane)}." if shut else "",
        effect=LegalEffect.DRAIN if shut else None,
        url=url,
        facts={"lane": found.lane, "on": found.on.isoformat(), "result_sha256": found.result_sha256},
        rests=(Rest("determination", found.pk, f"{regime} {found.on:%Y-%m-%d}", found.version),),
    )


# Teams read the chain, and an applicant never learns of hits, lists or names on them: so the words name no party
# and do not tell a hit from a party that is still to be screened. Officers see who it is on the screening pages.
IN_REVIEW: Final = "In review by the compliance office."
_SCREENING: Final = {
    # state: (what is said, what it does to jobs)
    ScreeningState.MATCHED: ("The compliance office has stopped it.", LegalEffect.STOP_NOW),
    ScreeningState.UNDECIDED: (IN_REVIEW, LegalEffect.NO_NEW_STARTS),
    ScreeningState.NOT_SCREENED: (IN_REVIEW, LegalEffect.NO_NEW_STARTS),
}


def screening_link(basis: Basis) -> Link:
    """Everybody who is screened for the order and the filing is clear, owners and the site's operator too."""
    dirty = [party for party in basis.parties if party.screening_state != ScreeningState.CLEAR]
    dirty.sort(key=lambda party: (party.screening_state != ScreeningState.MATCHED, party.name))
    broken = bool(dirty) or not basis.parties
    return Link(
        kind=LinkKind.SCREENING,
        label="Screening",
        reference=f"{len(basis.parties)} parties",
        status=LinkStatus.BROKEN if broken else LinkStatus.WHOLE,
        reason=_said_of(dirty[0]) if dirty else "No party is named." if broken else "",
        effect=_screening_effect(dirty) if broken else None,
        url=page("orders:detail", basis.order.pk),
        facts={"parties": len(basis.parties)},
        rests=tuple(Rest("party", party.pk, f"party {party.pk}", party.version) for party in basis.parties),
    )


def _said_of(party: Party) -> str:
    return _SCREENING[ScreeningState(party.screening_state)][0]


def _screening_effect(dirty: list[Party]) -> LegalEffect:
    effects = {_SCREENING[ScreeningState(party.screening_state)][1] for party in dirty if _stops_work(party)}
    return LegalEffect.STOP_NOW if LegalEffect.STOP_NOW in effects else LegalEffect.NO_NEW_STARTS


def _stops_work(party: Party) -> bool:
    """Whether a confirmed match is on a list that stops work; a match whose list is not known does."""
    effects = set(Hit.objects.filter(party=party, state=HitState.TRUE_MATCH).values_list("effect", flat=True))
    return not effects or not effects <= _MILD


def receipt_link(basis: Basis) -> Link:
    """The devices came in with a receipt of this order."""
    receipts = basis.receipts
    used = {device.item.receipt_id for device in basis.devices if device.item is not None}
    named = [receipt for receipt in receipts if receipt.pk in used] or receipts
    return Link(
        kind=LinkKind.RECEIPT,
        label="Receipt",
        reference=", ".join(receipt.reference for receipt in named)[:80],
        status=LinkStatus.WHOLE if receipts else LinkStatus.PENDING,
        reason="" if receipts else f"Nothing of {basis.order.reference} has been received yet.",
        url=page("orders:detail", basis.order.pk),
        facts={"received_on": [receipt.received_on.isoformat() for receipt in named]},
        rests=tuple(Rest("receipt", receipt.pk, receipt.reference, receipt.version) for receipt in named),
    )


def site_link(basis: Basis) -> Link:
    """The site is open, and it is the one that the licence lines of both sides name."""
    sites = {device.site_id: device.site for device in basis.devices} or {basis.order.site_id: basis.order.site}
    reason = next((said for site in sites.values() if (said := _site_fault(basis, site))), "")
    names = sorted(site.name for site in sites.values())
    return Link(
        kind=LinkKind.SITE,
        label="Site",
        reference=", ".join(names)[:80],
        status=LinkStatus.BROKEN if reason else LinkStatus.WHOLE,
        reason=reason,
        effect=LegalEffect.DRAIN if reason else None,
        url=page("orders:detail", basis.order.pk),
        facts={"sites": names, "countries": sorted({site.country for site in sites.values()})},
        rests=tuple(Rest("site", site.pk, site.name[:80], site.version) for site in sites.values()),
    )


def _site_fault(basis: Basis, site: Site) -> str:
    if site.is_closed:
        return f"{site.name} is closed."
    for device in basis.devices:
        for pk in sorted(device.line_ids):
            line = basis.lines.get(pk) if device.site_id == site.pk else None
            if line is not None and line.site_id != site.pk:
                return f"{line.licence.reference} allows {line.site.name}; {device.serial} stands at {site.name}."
    return ""


def _words(code: str) -> str:
    return str(code).replace("_", " ")
