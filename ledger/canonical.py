"""The one byte form of a ledger row or head: canonical JSON (RFC 8785), hashed as RFC 9162 says."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785

from ledger.models import Entry

GENESIS: Final = "0" * 64


class NotSealable(ValueError):
    """The facts have no canonical form that the database gives back as it was."""


def check_facts(facts: dict[str, Any]) -> None:
    """Refuse facts that could be written, but never sealed: one such row would stop the sealer for good.

    Raises:
        NotSealable: for a float, an integer beyond 2^53 - 1, NUL or a lone surrogate in a text, or what is no JSON.
    """
    try:
        has_float, canonical = _holds_float(facts), rfc8785.dumps(facts)
    except RecursionError as error:
        raise NotSealable("it is nested too deeply") from error
    except ValueError as error:
        raise NotSealable(str(error)) from error
    if has_float:
        raise NotSealable("a number with a fraction is written as a text")
    if b"\\u0000" in canonical.replace(b"\\\\", b""):
        raise NotSealable("a text holds NUL")


def _holds_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_float, value.values()))
    return any(map(_holds_float, value)) if isinstance(value, list | tuple) else isinstance(value, float)


def instant(moment: datetime) -> str:
    """A UTC instant to the microsecond, in ISO 8601."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def entry_document(entry: Entry) -> dict[str, Any]:
    """What is hashed of a ledger row: everything that it says."""
    return {
        "id": str(entry.pk),
        "at": instant(entry.at),
        "act": entry.act,
        "subject_kind": entry.subject_kind,
        "subject_id": entry.subject_id,
        "subject_ref": entry.subject_ref,
        "actor": entry.actor,
        "actor_role": entry.actor_role,
        "facts": entry.facts,
    }


def leaf_hash(document: dict[str, Any]) -> str:
    """Leaf hash of a row: SHA-256(0x00 || canonical JSON). Source: RFC 9162, section 2.1.1."""
    return hashlib.sha256(b"\x00" + rfc8785.dumps(document)).hexdigest()


def link_hash(previous: str, leaf: str) -> str:
    """The hash that ties a row to all before it: SHA-256(previous link || leaf hash)."""
    return hashlib.sha256(bytes.fromhex(previous) + bytes.fromhex(leaf)).hexdigest()
