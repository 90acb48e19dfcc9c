"""The chain itself: links with status, reason, validity, and the row versions that each rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from allocation.chain.links import LinkKind, LinkStatus
from procurement.licences.models import LegalEffect

# A warrant and a job come after the decision to start; they gate nothing.
_AFTERWARDS = frozenset({LinkKind.WARRANT, LinkKind.JOB})
_STOPPING = frozenset({LegalEffect.DRAIN, LegalEffect.STOP_NOW})


@dataclass(frozen=True)
class Rest:
    """A row that a link was judged on, at the version that was read. ``source`` is its name in ``chain_version``."""

    source: str
    object_id: UUID
    reference: str
    version: int


@dataclass(frozen=True)
class Link:
    """One link as it stands now.

    Attributes:
        reason: in words, empty where the link is whole.
        effect: what its break does; ``None`` where it is whole or only pending.
        valid_until: first moment at which it is no longer whole, if nothing else changes.
        url: the page that shows, and where it is broken mends, the link.
    """

    kind: LinkKind
    label: str
    reference: str
    status: LinkStatus
    reason: str = ""
    effect: LegalEffect | None = None
    valid_until: datetime | None = None
    url: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    rests: tuple[Rest, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with it and nothing is missing."""
        return self.status == LinkStatus.WHOLE


@dataclass(frozen=True)
class Chain:
    """Every link from demand to job."""

    links: tuple[Link, ...]

    @property
    def gates(self) -> tuple[Link, ...]:
        """The links that have to be whole before a job may start."""
        return tuple(link for link in self.links if link.kind not in _AFTERWARDS)

    @property
    def broken(self) -> tuple[Link, ...]:
        """Every gating link that is not whole."""
        return tuple(link for link in self.gates if not link.is_whole)

    @property
    def is_whole(self) -> bool:
        """Whether a job may start on it now."""
        return not self.broken

    @property
    def first_broken(self) -> Link | None:
        """The first link that is not whole, a broken one before one that is only pending."""
        ordered = sorted(self.broken, key=lambda link: link.status != LinkStatus.BROKEN)
        return ordered[0] if ordered else None

    @property
    def stopping(self) -> Link | None:
        """The link whose break stops what already runs, the gravest first; ``None`` where running may go on."""
        found = [link for link in self.gates if link.effect in _STOPPING]
        return min(found, key=lambda link: link.effect != LegalEffect.STOP_NOW, default=None)

    @property
    def valid_until(self) -> datetime | None:
        """The first moment at which a link lapses by itself."""
        return min((link.valid_until for link in self.gates if link.valid_until), default=None)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why each link that is not whole is not, in words."""
        return tuple(f"{link.label} {link.reference}: {link.reason}".replace(" :", ":") for link in self.broken)

    def of(self, kind: LinkKind) -> tuple[Link, ...]:
        """The links of one kind."""
        return tuple(link for link in self.links if link.kind == kind)


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    """The first of the moments that are known."""
    return min((moment for moment in moments if moment is not None), default=None)
