"""An act that takes two persons: one proposes, another countersigns or turns it down. The row names both."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.actors import Actor
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.ids import uuid7

REASON_LIMIT = 2_000


class TwoPersonAct(models.Model):
    """Who proposed, who countersigned, and since when it is in effect.

    Persons and teams stand in the row itself (composite foreign keys to memberships, and a trigger that asks for
    serving officers, are added by migration), so that the database compares them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reason = models.TextField(max_length=REASON_LIMIT)
    proposer = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    proposer_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    proposer_team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    countersigner = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    countersigner_person = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    countersigner_team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    in_effect_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(countersigner_person=None) | ~Q(countersigner_person=F("proposer_person")),
                name="%(class)s_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(countersigner=None, countersigner_person=None, countersigner_team=None)
                | Q(
                    countersigner__isnull=False,
                    countersigner_person__isnull=False,
                    countersigner_team__isnull=False,
                ),
                name="%(class)s_countersigner_whole",
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether it waits for a second person."""
        return self.in_effect_at is None and self.withdrawn_at is None

    def sign(self, actor: Actor) -> None:
        """Put the second person's name and the time in; the caller saves.

        Raises:
            NotPermitted: the same person proposed it, through whichever account or team.
        """
        if self.proposer_person_id == actor.person.pk:
            raise NotPermitted("You proposed this act. A second person has to countersign it.")
        self.countersigner = actor.membership
        self.countersigner_person = actor.person
        self.countersigner_team = actor.team
        self.in_effect_at = timezone.now()


def refuse_overtaken(act: TwoPersonAct) -> None:
    """Refuse a proposal that no longer waits.

    Raises:
        Overtaken: withdrawn, or in effect; the message says since whose signature.
    """
    if act.withdrawn_at is not None:
        raise Overtaken("This proposal was withdrawn already.")
    if act.in_effect_at is not None:
        by = f" since {act.countersigner_person.name} countersigned it" if act.countersigner_person else ""
        raise Overtaken(f"This act is in effect already{by}.")


def said(reason: str) -> str:
    """The reason as it is kept.

    Raises:
        InvalidInput: none, or more characters than the limit.
    """
    text = reason.strip()
    if not text:
        raise InvalidInput("Say why.", field="reason")
    if len(text) > REASON_LIMIT:
        raise InvalidInput(f"The reason is {len(text)} characters long; the limit is {REASON_LIMIT}.", field="reason")
    return text
