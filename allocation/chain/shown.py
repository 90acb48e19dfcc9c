"""The chain in plain values, for pages, the API and commands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.chain.bought import IN_REVIEW
from allocation.chain.chain import Chain, Link
from allocation.chain.links import LinkKind, LinkStatus
from ledger.canonical import instant
from procurement.filings.states import FilingState
from procurement.orders.states import OrderState

# Decided: what was found is told with the decision, so nothing is learnt from the chain before it.
_DECIDED_ORDER: Final = frozenset({OrderState.APPROVED, OrderState.RECEIVED, OrderState.DECLINED})
_DECIDED_FILING: Final = frozenset({FilingState.APPROVED, FilingState.REVOKED, FilingState.DECLINED})
_FOUND: Final = frozenset({LinkKind.SCREENING, LinkKind.DETERMINATION})


def for_eyes_of(actor: Actor, chain: Chain) -> Chain:
    """The chain as an actor may read it: what was found of an undecided order or filing is in review to its team.

    Otherwise naming a party, or a chip and a country, would answer at once whether it is listed or prohibited.
    """
    hidden = frozenset() if actor.may(Act.SEE_SCREENING) else _undecided(chain)
    return Chain(tuple(_in_review(link) if link.kind in hidden else link for link in chain.links))


def _undecided(chain: Chain) -> frozenset[LinkKind]:
    """The kinds of link that nobody has decided on yet. A job has a decided filing; of that nothing is hidden."""
    order, filing = _state(chain, LinkKind.ORDER), _state(chain, LinkKind.FILING)
    if filing in _DECIDED_FILING:
        return frozenset()
    if order in _DECIDED_ORDER:
        return frozenset({LinkKind.SCREENING}) if filing else frozenset()
    return _FOUND


def _state(chain: Chain, kind: LinkKind) -> str:
    return next((str(link.facts["state"]) for link in chain.of(kind) if "state" in link.facts), "")


def _in_review(link: Link) -> Link:
    return replace(link, status=LinkStatus.PENDING, reason=IN_REVIEW, effect=None, valid_until=None, facts={}, rests=())


def link_json(link: Link) -> dict[str, Any]:
    """One link as JSON."""
    return {
        "kind": str(link.kind),
        "label": str(link.label),
        "reference": link.reference,
        "status": str(link.status),
        "reason": link.reason,
        "valid_until": instant(link.valid_until) if link.valid_until else None,
        "url": link.url,
    }


def chain_json(chain: Chain) -> dict[str, Any]:
    """The whole chain as JSON, with the first broken link."""
    broken = chain.first_broken
    return {
        "is_whole": chain.is_whole,
        "first_broken": link_json(broken) if broken else None,
        "valid_until": instant(chain.valid_until) if chain.valid_until else None,
        "links": [link_json(link) for link in chain.links],
    }


def chain_in_words(chain: Chain) -> list[str]:
    """The chain as lines of text, a broken link first."""
    lines = []
    broken = chain.first_broken
    if broken:
        lines.append(f"BROKEN at {broken.label}: {broken.reason}")
    for link in chain.links:
        until = f"  until {link.valid_until:%Y-%m-%d %H:%M} UTC" if link.valid_until else ""
        reason = f"  ({link.reason})" if link.reason else ""
        lines.append(f"  {link.status!s:<8} {link.label}: {link.reference}{until}{reason}")
    return lines
