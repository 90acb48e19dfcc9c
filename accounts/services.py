"""Every act on people and their access: enter, join, leave, and tokens for the API."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import ApiToken, Membership, Organisation, Person, Team, User
from accounts.permissions import Act
from accounts.roles import Role
from ledger import events
from ledger.errors import InvalidInput, NotPermitted, Overtaken
from ledger.services import record

TOKEN_PREFIX = "writ_"  # noqa: S105 - what every token begins with, so that a leaked one is recognised
REASON_LIMIT: Final = 2_000
USE_NOTED_EVERY: Final = timedelta(minutes=1)


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


def end_membership(*, actor: Actor, membership: Membership, reason: str) -> Membership:
    """End a person's role: their tokens die, nothing they submitted starts any more, and what runs drains.

    Raises:
        NotPermitted: one's own; another officer or operator ends it, so that somebody always can.
        InvalidInput: no reason.
        Overtaken: it has ended already.
    """
    with transaction.atomic():
        actor.require(Act.END_ACCESS)
        said = _reason(reason)
        found = Membership.objects.select_for_update(of=("self",)).select_related("person").get(pk=membership.pk)
        _refuse_own(actor, found.person)
        if found.ends_at is not None and found.ends_at <= timezone.now():
            raise Overtaken(f"This access ended on {found.ends_at:%d %b %Y, %H:%M} UTC already.")
        _end(actor, found, said)
    return found


def record_person_left(*, actor: Actor, person: Person, reason: str) -> Person:
    """Record that a person left: every role of theirs ends, their accounts no longer sign in, what they run drains.

    Raises:
        NotPermitted: oneself.
        InvalidInput: no reason.
        Overtaken: it is on record already.
    """
    with transaction.atomic():
        actor.require(Act.END_ACCESS)
        said = _reason(reason)
        left = Person.objects.select_for_update().get(pk=person.pk)
        _refuse_own(actor, left)
        if left.left_at is not None:
            raise Overtaken(f"{left.name} left on {left.left_at:%d %b %Y, %H:%M} UTC; that is on record already.")
        left.left_at = timezone.now()
        left.save(update_fields=["left_at"])
        left.accounts.update(is_active=False)
        ends = Q(ends_at=None) | Q(ends_at__gt=left.left_at)
        open_ones = list(left.memberships.select_for_update(of=("self",)).filter(ends).order_by("pk"))
        record("person.left", left, actor=actor, facts={"reason": said, "memberships": len(open_ones)})
        for membership in open_ones:
            _end(actor, membership, said)
    return left


def _end(actor: Actor, membership: Membership, reason: str) -> None:
    """End a locked membership with its tokens, and tell what hangs on it, in the caller's transaction."""
    now = timezone.now()
    membership.ends_at = max(now, membership.starts_at + timedelta(microseconds=1))
    membership.save(update_fields=["ends_at"])
    died = ApiToken.objects.filter(membership=membership, revoked_at=None).update(revoked_at=now)
    facts = {"role": membership.role, "team": str(membership.team_id), "tokens": died, "reason": reason}
    record("membership.ended", membership, actor=actor, facts=facts)
    events.publish(events.AccessEnded(membership_id=membership.pk))


def _refuse_own(actor: Actor, person: Person) -> None:
    if person.pk == actor.person.pk:
        raise NotPermitted("Your own access is ended by another officer or operator, so that somebody always can.")


def _reason(text: str) -> str:
    said = text.strip()
    if not said:
        raise InvalidInput("Say why.", field="reason")
    if len(said) > REASON_LIMIT:
        raise InvalidInput(f"The reason is {len(said)} characters long; the limit is {REASON_LIMIT}.", field="reason")
    return said


def issue_token(*, user: User, membership: Membership, label: str, expires_at: datetime | None = None) -> str:
    """A new API token, shown this once; only its hash is kept.

    Raises:
        NotPermitted: the membership is another person's.
        InvalidInput: no name, or an end that has passed.
    """
    if membership.person_id != user.person_id:
        raise NotPermitted("A token acts by a membership of one's own.")
    if not label.strip():
        raise InvalidInput("Give the token a name, so that you know it again.", field="label")
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInput("The token ends on a day to come.", field="last_day")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiToken.objects.create(
            user=user,
            membership=membership,
            label=label.strip()[:100],
            token_sha256=_digest(token),
            expires_at=expires_at,
        )
        ends = expires_at.isoformat() if expires_at else None
        record("token.issued", row, actor=Actor(membership), facts={"membership": str(membership.pk), "until": ends})
    return token


def revoke_token(*, actor: Actor, token: ApiToken, reason: str = "") -> ApiToken:
    """Revoke a token at once: one's own without a word, another's by whoever may end access, with the reason.

    Raises:
        NotPermitted: another's, and the role may not end access.
        InvalidInput: another's, without a reason.
        Overtaken: it is revoked already.
    """
    with transaction.atomic():
        is_own = token.user.person_id == actor.person.pk
        actor.require(Act.SEE_OWN_WORK if is_own else Act.END_ACCESS)
        said = reason.strip()[:REASON_LIMIT] if is_own else _reason(reason)
        locked = ApiToken.objects.select_for_update().get(pk=token.pk)
        if locked.revoked_at is not None:
            raise Overtaken(f"This token was revoked on {locked.revoked_at:%d %b %Y, %H:%M} UTC already.")
        locked.revoked_at = timezone.now()
        locked.save(update_fields=["revoked_at"])
        facts = {"membership": str(locked.membership_id), "own": is_own, "reason": said}
        record("token.revoked", locked, actor=actor, facts=facts)
    return locked


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
    if not is_live or membership.person.left_at is not None:
        return None
    _note_use(row, now)
    return Actor(membership)


def _note_use(token: ApiToken, now: datetime) -> None:
    """Keep when a token was last used, to the minute, so that a busy one costs no write a call."""
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
