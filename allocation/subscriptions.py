"""What allocation does when procurement says that something happened."""

from __future__ import annotations


def subscribe() -> None:
    """Attach allocation's handlers to the domain events (idempotent)."""
