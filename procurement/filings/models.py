"""A team's use-case application: what will run, where, for how long, and who has remote access."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ledger.ids import uuid7
from ledger.transitions import choices, state_check
from procurement.filings.states import NEEDS_TWO, FilingAction, FilingState
from procurement.orders.models import EndUse
from procurement.two_persons import TwoPersonAct


class Filing(models.Model):
    """A use case on the devices of one order; its approval carries the GPU-hours."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey("procurement.Order", on_delete=models.PROTECT, related_name="filings")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="filings")
    applicant = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="filings")
    title = models.CharField(max_length=200)
    end_use = models.CharField(max_length=30, choices=choices(EndUse))
    description = models.TextField(max_length=4000)
    model_name = models.CharField(max_length=200)
    model_parameters = models.BigIntegerField()
    training_tokens = models.BigIntegerField(null=True, blank=True)
    max_devices = models.PositiveIntegerField()
    requested_ms = models.BigIntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=20, choices=choices(FilingState), default=FilingState.DRAFT)
    created_at = models.DateTimeField(db_default=Now())
    submitted_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("-created_at",)
        constraints: ClassVar = [
            state_check(FilingState, "filing_state_known"),
            state_check(EndUse, "filing_end_use_known", "end_use"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="filing_ends_after_start"),
            models.CheckConstraint(
                condition=Q(requested_ms__gt=0, max_devices__gt=0, model_parameters__gt=0),
                name="filing_amounts_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class RemoteUser(models.Model):
    """An organisation or person who will reach the devices from elsewhere."""

    filing = models.ForeignKey(Filing, on_delete=models.CASCADE, related_name="remote_users")
    party = models.ForeignKey("procurement.Party", on_delete=models.PROTECT, related_name="remote_access")
    purpose = models.CharField(max_length=300)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("filing", "party"), name="remote_user_once_per_filing"),
        ]

    def __str__(self) -> str:
        return str(self.party)


class FilingAct(TwoPersonAct):
    """A suspension, reinstatement or revocation of an approved filing; only what stops it at once takes one person."""

    filing = models.ForeignKey(Filing, on_delete=models.PROTECT, related_name="acts")
    action = models.CharField(max_length=20, choices=choices(FilingAction))
    is_immediate = models.BooleanField(default=False)

    class Meta(TwoPersonAct.Meta):
        ordering = ("-proposed_at",)
        constraints: ClassVar = [
            *TwoPersonAct.Meta.constraints,
            models.CheckConstraint(
                condition=Q(action__in=[FilingAction.SUSPEND.value, *sorted(each.value for each in NEEDS_TWO)]),
                name="filingact_action_known",
            ),
            models.CheckConstraint(
                condition=Q(action=FilingAction.SUSPEND.value)
                | Q(in_effect_at=None)
                | Q(countersigner_person__isnull=False),
                name="filingact_grave_needs_two",
            ),
            models.UniqueConstraint(
                fields=("filing",), condition=Q(in_effect_at=None, withdrawn_at=None), name="filingact_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.filing}"
