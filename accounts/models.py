"""People, accounts, organisations, teams and dated memberships."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.roles import Role
from ledger.ids import uuid7
from ledger.transitions import choices, state_check


class Person(models.Model):
    """A natural person. One person with two accounts is one person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    left_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    """An organisation that uses this instance; ``party`` is the same legal entity as a screening subject."""

    class Kind(models.TextChoices):
        OPERATOR = "operator", "Operator of this instance"
        CUSTOMER = "customer", "Customer"
        AUTHORITY = "authority", "Authority (read only)"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.CUSTOMER)
    party = models.OneToOneField(
        "procurement.Party", on_delete=models.PROTECT, null=True, blank=True, related_name="organisation"
    )

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A team of an organisation; applicants act for their team, officers for theirs."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("organisation", "name"), name="team_name_once_per_organisation"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.organisation.name}"


class Membership(models.Model):
    """A person in a team, with a role, from a date until a date.

    Decisions point here by (id, person, team), so that the database itself can compare the persons.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=choices(Role))
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            state_check(Role, "membership_role_known", "role"),
            models.UniqueConstraint(fields=("id", "person", "team"), name="membership_person_team"),
            models.UniqueConstraint(
                fields=("person", "team", "role"), condition=Q(ends_at=None), name="membership_live_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="membership_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.role}, {self.team})"


class UserManager(BaseUserManager["User"]):
    """Makes accounts that sign in by e-mail address."""

    def create_user(self, email: str, person: Person, password: str | None = None, **extra: Any) -> User:
        """An account for ``person``; without a password it cannot sign in until one is set."""
        user = self.model(email=self.normalize_email(email).lower(), person=person, **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractUser):
    """An account: a way to sign in for one person."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="accounts")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def get_full_name(self) -> str:
        """The person's name."""
        return self.person.name

    def get_short_name(self) -> str:
        """The person's name."""
        return self.person.name


class ApiToken(models.Model):
    """A bearer token of one account, acting by one membership; only its hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="api_tokens")
    label = models.CharField(max_length=100)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.label
