"""Organisations and people of a transaction, who owns them, and the sites they run."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from ledger.ids import uuid7
from ledger.transitions import choices, state_check


class BuyerClass(StrEnum):
    """Who a buyer is in the eyes of the importer's authorities (5-facts, section 2.1)."""

    PRIVATE = "private"
    STATE_OWNED = "state_owned"
    STATE_FUNDED_DATA_CENTRE = "state_funded_data_centre"
    CRITICAL_INFRASTRUCTURE = "critical_infrastructure"
    UNIVERSITY = "university"
    MILITARY_LINKED = "military_linked"
    UNKNOWN = "unknown"


class ScreeningState(StrEnum):
    """What screening says of a party now."""

    NOT_SCREENED = "not_screened"
    CLEAR = "clear"
    UNDECIDED = "undecided"
    MATCHED = "matched"


class Party(models.Model):
    """A legal entity or person that may appear in a transaction.

    ``team`` registered it and keeps it to itself; without one it stands in the directory that every team may use.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=20, default="company")
    country = models.CharField(max_length=2)
    hq_country = models.CharField(max_length=2, blank=True, default="")
    ultimate_parent_country = models.CharField(max_length=2, blank=True, default="")
    address = models.CharField(max_length=500, blank=True, default="")
    registration_number = models.CharField(max_length=100, blank=True, default="")
    buyer_class = models.CharField(max_length=30, choices=choices(BuyerClass), default=BuyerClass.UNKNOWN)
    screening_state = models.CharField(
        max_length=20, choices=choices(ScreeningState), default=ScreeningState.NOT_SCREENED
    )
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="parties")
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            state_check(BuyerClass, "party_buyer_class_known", "buyer_class"),
            state_check(ScreeningState, "party_screening_state_known", "screening_state"),
        ]

    def __str__(self) -> str:
        return self.name


class PartyName(models.Model):
    """Another name of a party: alias, former name, name in another script."""

    party = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=20, default="alias")

    def __str__(self) -> str:
        return self.name


class Ownership(models.Model):
    """A direct share that one party holds in another; an unknown share is ``None`` and blocks."""

    owner = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="holdings")
    owned = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="owners")
    share_percent = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(share_percent=None) | Q(share_percent__gt=0, share_percent__lte=100),
                name="ownership_share_in_percent",
            ),
            models.CheckConstraint(condition=~Q(owner=F("owned")), name="ownership_not_of_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.owner} in {self.owned}"


class Site(models.Model):
    """A place where devices are installed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    operator = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="sites")
    address = models.CharField(max_length=500)
    country = models.CharField(max_length=2)
    state_funding_percent = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    completion_percent = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    power_kw = models.IntegerField(null=True, blank=True)
    is_closed = models.BooleanField(default=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="sites")
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.UniqueConstraint("team", Lower("name"), name="site_name_once_in_a_team", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.name
