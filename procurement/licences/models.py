"""What authorities granted: licences, lines with balances, holds and draws, conditions, and acts upon them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from ledger.ids import uuid7
from ledger.transitions import choices, state_check
from procurement.licences.states import LicenceAction, LicenceState


class Side(StrEnum):
    """Whose authority granted it."""

    EXPORTER = "exporter"
    IMPORTER = "importer"


class Licence(models.Model):
    """An export licence, import approval, authorisation or permit, as its document says."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    side = models.CharField(max_length=10, choices=choices(Side))
    authority = models.CharField(max_length=120)
    kind = models.CharField(max_length=60, default="licence")
    number = models.CharField(max_length=80)
    order = models.ForeignKey("procurement.Order", on_delete=models.PROTECT, related_name="licences")
    holder = models.ForeignKey("procurement.Party", on_delete=models.PROTECT, related_name="licences_held")
    issued_on = models.DateField()
    valid_from = models.DateField()
    state = models.CharField(max_length=20, choices=choices(LicenceState), default=LicenceState.DRAFT)
    recorded_by = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("-recorded_at",)
        constraints: ClassVar = [
            state_check(LicenceState, "licence_state_known"),
            state_check(Side, "licence_side_known", "side"),
            models.UniqueConstraint(Lower("authority"), Lower("number"), name="licence_number_once"),
        ]

    def __str__(self) -> str:
        return self.reference


class LicenceLine(models.Model):
    """So many units of one chip for one site, end user and end use; the balance is kept here by constraint.

    ``ship_until`` ends shipments and receipts alone; ``use_until``, where the licence has one, ends use.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField(default=1)
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="licence_lines")
    granted = models.PositiveIntegerField()
    held = models.PositiveIntegerField(default=0)
    drawn = models.PositiveIntegerField(default=0)
    site = models.ForeignKey("procurement.Site", on_delete=models.PROTECT, related_name="licence_lines")
    end_user = models.ForeignKey("procurement.Party", on_delete=models.PROTECT, related_name="licence_lines")
    end_uses = models.JSONField(default=list)
    ship_until = models.DateField()
    use_until = models.DateField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("licence", "number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("licence", "number"), name="licence_line_number_once"),
            models.CheckConstraint(
                condition=Q(granted__gte=F("drawn") + F("held")), name="licence_line_never_overdrawn"
            ),
            models.CheckConstraint(condition=Q(granted__gt=0), name="licence_line_granted_positive"),
        ]

    @property
    def free(self) -> int:
        """Units neither drawn nor held."""
        return self.granted - self.drawn - self.held

    def __str__(self) -> str:
        return f"{self.licence} line {self.number}"


class Hold(models.Model):
    """Units of a line set aside for a release; lifted as they are received or the release is cancelled."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    line = models.ForeignKey(LicenceLine, on_delete=models.PROTECT, related_name="holds")
    release = models.ForeignKey("procurement.Release", on_delete=models.PROTECT, related_name="holds")
    quantity = models.PositiveIntegerField()
    remaining = models.PositiveIntegerField()
    held_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("line", "release"), name="hold_once_per_release"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, remaining__lte=F("quantity")), name="hold_remaining_within_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line}"


class Draw(models.Model):
    """One unit of a line used up by one received serial."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    line = models.ForeignKey(LicenceLine, on_delete=models.PROTECT, related_name="draws")
    item = models.ForeignKey("procurement.ReceiptItem", on_delete=models.PROTECT, related_name="draws")
    drawn_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=("line", "item"), name="draw_once_per_item")]

    def __str__(self) -> str:
        return f"{self.item} of {self.line}"


class ConditionKind(StrEnum):
    """What a proviso demands (5-facts, section 1.6)."""

    SITE = "site"
    END_USE = "end_use"
    END_USER = "end_user"
    CHECKPOINT_WINDOW_S = "checkpoint_window_s"
    NO_REEXPORT = "no_reexport"
    LAB_TEST = "lab_test"
    REMOTE_ACCESS_KYC = "remote_access_kyc"
    DELIVERY_VERIFICATION = "delivery_verification"
    OTHER = "other"


class Condition(models.Model):
    """One proviso of a licence or decision: machine-checked where it can be, else attested with an expiry."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    licence = models.ForeignKey(
        Licence, on_delete=models.PROTECT, related_name="conditions", null=True, blank=True
    )
    decision = models.ForeignKey(
        "procurement.Decision", on_delete=models.PROTECT, related_name="conditions", null=True, blank=True
    )
    kind = models.CharField(max_length=30, choices=choices(ConditionKind))
    parameter = models.JSONField(default=dict)
    text = models.CharField(max_length=1000)
    is_machine_checked = models.BooleanField()
    attested_by = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    attested_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            state_check(ConditionKind, "condition_kind_known", "kind"),
            models.CheckConstraint(
                condition=Q(licence__isnull=False, decision=None) | Q(licence=None, decision__isnull=False),
                name="condition_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(attested_by=None, attested_until=None)
                | Q(attested_by__isnull=False, attested_until__isnull=False),
                name="condition_attested_with_expiry",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class LegalEffect(StrEnum):
    """What an act that breaks a link does (3-runtime-protocol, Breaking a link)."""

    NO_NEW_SHIPMENTS = "no_new_shipments"
    NO_NEW_STARTS = "no_new_starts"
    DRAIN = "drain"
    STOP_NOW = "stop_now"


class LicenceAct(models.Model):
    """A suspension, reinstatement or revocation, with its legal effect; the grave ones take two persons.

    The persons and teams stand in the row itself (composite foreign keys, added by migration),
    so that the database compares them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="acts")
    action = models.CharField(max_length=20, choices=choices(LicenceAction))
    effect = models.CharField(max_length=20, choices=choices(LegalEffect))
    reason = models.TextField(max_length=2000)
    basis = models.CharField(max_length=500, blank=True, default="")
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
        ordering = ("-proposed_at",)
        constraints: ClassVar = [
            state_check(LegalEffect, "licence_act_effect_known", "effect"),
            state_check(LicenceAction, "licence_act_action_known", "action"),
            models.CheckConstraint(
                condition=Q(countersigner_person=None) | ~Q(countersigner_person=F("proposer_person")),
                name="licence_act_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(action="suspend", effect__in=["drain", "stop_now"])
                | Q(in_effect_at=None)
                | Q(countersigner_person__isnull=False),
                name="licence_act_grave_needs_two",
            ),
            models.CheckConstraint(
                condition=Q(countersigner=None, countersigner_person=None, countersigner_team=None)
                | Q(
                    countersigner__isnull=False,
                    countersigner_person__isnull=False,
                    countersigner_team__isnull=False,
                ),
                name="licence_act_countersigner_whole",
            ),
            models.UniqueConstraint(
                fields=("licence",),
                condition=Q(in_effect_at=None, withdrawn_at=None),
                name="licence_act_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.licence}"
