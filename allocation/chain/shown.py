"""The chain in plain values, for pages, the API and commands."""

from __future__ import annotations

from typing import Any

from allocation.chain.chain import Chain, Link
from ledger.canonical import instant


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
