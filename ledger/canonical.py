"""The one byte form of a ledger row or head: canonical JSON (RFC 8785), hashed as RFC 9162 says."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785

from ledger.models import Entry

GENESIS: Final = "0" * 64


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
