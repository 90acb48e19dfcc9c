"""The versions of every link that an attempt was admitted on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from allocation.chain.links import LinkKind
from ledger.transitions import choices, state_check


class AttemptLink(models.Model):
    """One row that an attempt rests on, at the version it had; renewal compares it with ``chain_version``."""

    attempt = models.ForeignKey("allocation.Attempt", on_delete=models.PROTECT, related_name="links")
    kind = models.CharField(max_length=20, choices=choices(LinkKind))
    source = models.CharField(max_length=20)
    object_id = models.UUIDField()
    reference = models.CharField(max_length=80)
    version = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            state_check(LinkKind, "attempt_link_kind_known", "kind"),
            models.UniqueConstraint(fields=("attempt", "kind", "source", "object_id"), name="attempt_link_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference} v{self.version}"
