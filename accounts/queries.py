"""Reading who has access: memberships, people and their tokens."""

from __future__ import annotations

import uuid

from django.db.models import Case, IntegerField, Max, Q, QuerySet, Value, When
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import ApiToken, Membership, Person
from accounts.permissions import Act


def memberships_listed(actor: Actor) -> QuerySet[Membership]:
    """Every membership for those who may end access, those in force first."""
    actor.require(Act.END_ACCESS)
    rows = Membership.objects.select_related("person", "team__organisation")
    over = When(_over(), then=Value(1))
    ranked = rows.annotate(rank=Case(over, default=Value(0), output_field=IntegerField()))
    return ranked.annotate(last_used_at=Max("api_tokens__last_used_at")).order_by("rank", "person__name", "pk")


def memberships_in_force(rows: QuerySet[Membership], *, wanted: bool) -> QuerySet[Membership]:
    """Those of ``rows`` that are in force now, or those that are not."""
    return rows.exclude(_over()) if wanted else rows.filter(_over())


def _over() -> Q:
    return Q(ends_at__lte=timezone.now()) | Q(person__left_at__isnull=False)


def people(actor: Actor) -> QuerySet[Person]:
    """Everybody, for those who may end access."""
    actor.require(Act.END_ACCESS)
    return Person.objects.all()


def memberships_of(person_id: uuid.UUID) -> QuerySet[Membership]:
    """Each membership that a person has or had, the newest first."""
    return Membership.objects.select_related("team__organisation").filter(person=person_id).order_by("-starts_at", "pk")


def tokens_of(person_id: uuid.UUID) -> QuerySet[ApiToken]:
    """A person's tokens, the newest first."""
    rows = ApiToken.objects.select_related("membership__team__organisation", "membership__person")
    return rows.filter(user__person=person_id).order_by("-created_at", "pk")


def tokens_revocable_by(actor: Actor) -> QuerySet[ApiToken]:
    """One's own tokens, and everybody's for those who may end access."""
    rows = ApiToken.objects.select_related("user")
    return rows if actor.may(Act.END_ACCESS) else rows.filter(user__person=actor.person)
