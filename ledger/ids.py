"""Sortable public identifiers (UUIDv7, RFC 9562 section 5.7)."""

from __future__ import annotations

import uuid

import uuid_utils


def uuid7() -> uuid.UUID:
    """A new UUIDv7: unique, and sortable by the millisecond of its making."""
    return uuid.UUID(int=uuid_utils.uuid7().int)
