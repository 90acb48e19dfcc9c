"""The times that the runtime protocol keeps, from the settings."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings

CLAIM_WITHIN: Final = timedelta(seconds=30)


def ttl() -> timedelta:
    """How long a warrant lasts."""
    return timedelta(milliseconds=settings.WRIT_TTL_MS)


def margin() -> timedelta:
    """How long after its warrant a host has to be silent before it counts as lost."""
    return timedelta(milliseconds=settings.WRIT_MARGIN_MS)


def in_ms(duration: timedelta) -> int:
    """Whole milliseconds, rounded down: a warrant never lasts longer than what it rests on."""
    return duration // timedelta(milliseconds=1)
