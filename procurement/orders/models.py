"""Demand assessments, orders with their parties and lines, releases and receipts."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ledger.ids import uuid7
from ledger.transitions import choices, state_check
from procurement.orders.states import OrderState
from procurement.two_persons import TwoPersonAct


class DemandAssessment(models.Model):
    """What a team says it needs over a period, and for what: the first link of every chain."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="demands")
    stated_by = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="demands")
    quantity = models.PositiveIntegerField()
    needed_from = models.DateField()
    needed_until = models.DateField()
    purpose = models.TextField(max_length=4000)
    stated_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("-stated_at",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="demand_quantity_positive"),
            models.CheckConstraint(
                condition=Q(needed_until__gt=models.F("needed_from")), name="demand_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class PartyRole(StrEnum):
    """What a party is in an order (section 748.5 of the EAR has the first five)."""

    EXPORTER = "exporter"
    PURCHASER = "purchaser"
    INTERMEDIATE_CONSIGNEE = "intermediate_consignee"
    ULTIMATE_CONSIGNEE = "ultimate_consignee"
    END_USER = "end_user"
    FORWARDER = "forwarder"
    SIGNATORY = "signatory"


class EndUse(StrEnum):
    """What the devices are for."""

    TRAINING = "training"
    INFERENCE = "inference"
    CLOUD_SERVICE = "cloud_service"
    RESEARCH = "research"
    SUPERCOMPUTER = "supercomputer"
    MILITARY = "military"
    OTHER = "other"


class Order(models.Model):
    """An order of accelerators for a named site, with its use case and the reason a domestic chip will not do."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    demand = models.ForeignKey(DemandAssessment, on_delete=models.PROTECT, related_name="orders")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="orders")
    applicant = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("procurement.Site", on_delete=models.PROTECT, related_name="orders")
    ship_from_country = models.CharField(max_length=2, default="US")
    via_country = models.CharField(max_length=2, blank=True, default="")
    end_use = models.CharField(max_length=30, choices=choices(EndUse))
    use_case = models.TextField(max_length=4000)
    domestic_alternatives = models.TextField(max_length=4000, blank=True, default="")
    is_server = models.BooleanField(default=False)
    has_encryption = models.BooleanField(null=True)
    state = models.CharField(max_length=20, choices=choices(OrderState), default=OrderState.DRAFT)
    created_at = models.DateTimeField(db_default=Now())
    submitted_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("-created_at",)
        constraints: ClassVar = [
            state_check(OrderState, "order_state_known"),
            state_check(EndUse, "order_end_use_known", "end_use"),
        ]

    def __str__(self) -> str:
        return self.reference


class OrderLine(models.Model):
    """So many units of one chip model at a price."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="order_lines")
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, quantity__lte=100_000), name="order_line_quantity_in_range"
            ),
            models.UniqueConstraint(fields=("order", "chip"), name="order_line_chip_once"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.chip}"


class OrderParty(models.Model):
    """A party of an order in one role."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="parties")
    party = models.ForeignKey("procurement.Party", on_delete=models.PROTECT, related_name="order_roles")
    role = models.CharField(max_length=30, choices=choices(PartyRole))

    class Meta:
        constraints: ClassVar = [
            state_check(PartyRole, "order_party_role_known", "role"),
            models.UniqueConstraint(fields=("order", "party", "role"), name="order_party_role_once"),
        ]

    def __str__(self) -> str:
        return f"{self.party} as {self.role}"


class Release(models.Model):
    """Leave to ship a quantity of one order line: a hold on a live licence line of each side."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="releases")
    quantity = models.PositiveIntegerField()
    released_by = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("released_at",)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="release_quantity_positive"),
        ]

    def __str__(self) -> str:
        return self.reference


class Receipt(models.Model):
    """What arrived, by serial: recorded in full, whatever was released."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="receipts")
    site = models.ForeignKey("procurement.Site", on_delete=models.PROTECT, related_name="receipts")
    recorded_by = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    received_on = models.DateField()
    recorded_at = models.DateTimeField(db_default=Now())
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("-recorded_at",)

    def __str__(self) -> str:
        return self.reference


class ReceiptItem(models.Model):
    """One received serial, bound to a live line of each authority, or to none and then unlicensed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="items")
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="+")
    serial = models.CharField(max_length=60, unique=True)
    exporter_line = models.ForeignKey(
        "procurement.LicenceLine", on_delete=models.PROTECT, null=True, blank=True, related_name="exporter_items"
    )
    importer_line = models.ForeignKey(
        "procurement.LicenceLine", on_delete=models.PROTECT, null=True, blank=True, related_name="importer_items"
    )

    class Meta:
        ordering = ("serial",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(exporter_line=None, importer_line=None)
                | Q(exporter_line__isnull=False, importer_line__isnull=False),
                name="receipt_item_both_sides_or_none",
            ),
        ]

    @property
    def is_licensed(self) -> bool:
        """Whether the serial is covered by a line of each side."""
        return self.exporter_line_id is not None

    def __str__(self) -> str:
        return self.serial


class Resumption(TwoPersonAct):
    """That a stopped order goes back into review: proposed by one officer, countersigned by another."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="resumptions")

    class Meta(TwoPersonAct.Meta):
        ordering = ("-proposed_at",)
        constraints: ClassVar = [
            *TwoPersonAct.Meta.constraints,
            models.CheckConstraint(
                condition=Q(in_effect_at=None) | Q(countersigner_person__isnull=False), name="resumption_needs_two"
            ),
            models.UniqueConstraint(
                fields=("order",), condition=Q(in_effect_at=None, withdrawn_at=None), name="resumption_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"resumption of {self.order}"
