"""Who acts: a person, through one live membership."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Membership, Person, Team
from accounts.permissions import Act, may
from accounts.roles import Role
from ledger.errors import NotPermitted


@dataclass(frozen=True)
class Actor:
    """A person acting by one membership; every service takes it first."""

    membership: Membership

    @property
    def person(self) -> Person:
        """The natural person."""
        return self.membership.person

    @property
    def team(self) -> Team:
        """The team they act for."""
        return self.membership.team

    @property
    def role(self) -> Role:
        """Their role in that team."""
        return Role(self.membership.role)

    def is_of(self, team_id: uuid.UUID | None) -> bool:
        """Whether the person is, or ever was, of a team, by whichever membership they act now."""
        return team_id is not None and (
            self.team.pk == team_id or Membership.objects.filter(person=self.person, team_id=team_id).exists()
        )

    def may(self, act: Act | str) -> bool:
        """Whether the role permits ``act`` (see ``accounts.permissions``)."""
        return may(self.role, Act(act))

    def require(self, act: Act) -> None:
        """Refuse an act that the role does not permit, or whose membership has ended.

        Raises:
            NotPermitted: with the act and the role.
        """
        live = live_memberships().filter(pk=self.membership.pk).exists()
        if not live:
            raise NotPermitted("This membership has ended. Sign in again, or ask for access.")
        if not self.may(act):
            words = str(act).replace("_", " ")
            raise NotPermitted(f"The role {self.role} may not {words}.")


def live_memberships() -> models.QuerySet[Membership]:
    """Memberships in force now, of people who have not left."""
    now = timezone.now()
    return Membership.objects.select_related("person", "team__organisation").filter(
        Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=now, person__left_at=None
    )


def actor_for(membership_id: uuid.UUID) -> Actor:
    """The actor of one live membership.

    Raises:
        NotPermitted: the membership has ended or does not exist.
    """
    membership = live_memberships().filter(pk=membership_id).first()
    if membership is None:
        raise NotPermitted("This membership has ended or does not exist.")
    return Actor(membership)
