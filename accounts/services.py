"""Every act on people and their access: enter, join, leave, and tokens for the API."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import ApiToken, Membership, Organisation, Person, Team, User
from accounts.permissions import Act
from accounts.roles import Role
from ledger import events
from ledger.errors import NotPermitted
from ledger.services import record

TOKEN_PREFIX = "writ_"  # noqa: S105 - what every token begins with, so that a leaked one is recognised


def enter_person(*, name: str, email: str, password: str | None = None) -> User:
    """Enter a person with one account. Done by whoever installs the instance, before anybody can sign in."""
    with transaction.atomic():
        known = User.objects.filter(email=email.lower()).select_related("person").first()
        if known:
            return known
        person = Person.objects.create(name=name)
        user = User.objects.create_user(email, person, password)
        record("person.entered", person)
    return user


def enter_team(*, organisation: str, team: str, kind: Organisation.Kind = Organisation.Kind.CUSTOMER) -> Team:
    """Enter an organisation and one of its teams, where they are missing."""
    with transaction.atomic():
        owner, _ = Organisation.objects.get_or_create(name=organisation, defaults={"kind": kind})
        entered, made = Team.objects.get_or_create(organisation=owner, name=team)
        if made:
            record("team.entered", entered, facts={"organisation": str(owner.pk)})
    return entered


def join_team(*, person: Person, team: Team, role: Role) -> Membership:
    """Give a person a role in a team from now on."""
    with transaction.atomic():
        membership, made = Membership.objects.get_or_create(person=person, team=team, role=role, ends_at=None)
        if made:
            record("membership.began", membership, facts={"role": str(role), "team": str(team.pk)})
    return membership


def end_membership(*, actor: Actor, membership: Membership) -> Membership:
    """End a person's role: their tokens die, nothing they submitted starts any more, and what runs drains."""
    with transaction.atomic():
        actor.require(Act.END_ACCESS)
        ended = Membership.objects.select_for_update().get(pk=membership.pk)
        if ended.ends_at is None or ended.ends_at > timezone.now():
            ended.ends_at = timezone.now()
            ended.save(update_fields=["ends_at"])
            record("membership.ended", ended, actor=actor, facts={"role": ended.role, "team": str(ended.team_id)})
            events.publish(events.AccessEnded(membership_id=ended.pk))
    return ended


def issue_token(*, user: User, membership: Membership, label: str, expires_at: datetime | None = None) -> str:
    """A new API token, shown this once; only its hash is kept.

    Raises:
        NotPermitted: the membership is another person's.
    """
    if membership.person_id != user.person_id:
        raise NotPermitted("A token acts by a membership of one's own.")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiToken.objects.create(
            user=user, membership=membership, label=label[:100], token_sha256=_digest(token), expires_at=expires_at
        )
        record("token.issued", row, facts={"membership": str(membership.pk)})
    return token


def actor_of_token(token: str) -> Actor | None:
    """Who a token acts for; ``None`` if it is unknown, revoked, past its end, or its membership is no longer live."""
    now = timezone.now()
    row = (
        ApiToken.objects.select_related("membership__person", "membership__team__organisation", "user")
        .filter(token_sha256=_digest(token), revoked_at=None, user__is_active=True)
        .first()
    )
    if row is None or (row.expires_at and row.expires_at <= now):
        return None
    membership = row.membership
    is_live = membership.starts_at <= now and (membership.ends_at is None or membership.ends_at > now)
    return Actor(membership) if is_live and membership.person.left_at is None else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
