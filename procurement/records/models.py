"""What keeps records longer than the rules alone: legal holds, and what a licence itself asks for."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ledger.ids import uuid7
from ledger.transitions import choices, state_check
from procurement.records.states import HoldState


class LegalHold(models.Model):
    """A hold on the records of one order, filing or case: while it stands nothing of theirs is destroyed.

    One officer places it; two lift it. Persons and teams stand in the row (composite foreign keys, added by
    migration), so that the database compares them.

    Args:
        matter: the proceedings, letter or request that it rests on.
        is_agency_request: an agency asked for the records (15 CFR 762.6(b)).
        placed_on: the first day on which it holds, by the regime's calendar; `lifted_on` the first when it does not.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(
        "procurement.Order", on_delete=models.PROTECT, null=True, blank=True, related_name="legal_holds"
    )
    filing = models.ForeignKey(
        "procurement.Filing", on_delete=models.PROTECT, null=True, blank=True, related_name="legal_holds"
    )
    case = models.ForeignKey(
        "procurement.Case", on_delete=models.PROTECT, null=True, blank=True, related_name="legal_holds"
    )
    matter = models.CharField(max_length=200)
    is_agency_request = models.BooleanField(default=False)
    reason = models.CharField(max_length=2000)
    state = models.CharField(max_length=20, choices=choices(HoldState), default=HoldState.STANDING)
    placed_on = models.DateField()
    placer = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    placer_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    placer_team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(db_default=Now())
    lift_reason = models.CharField(max_length=2000, blank=True, default="")
    proposer = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    proposer_person = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    proposer_team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True, blank=True)
    countersigner = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    countersigner_person = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    countersigner_team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("-placed_at", "-pk")
        constraints: ClassVar = [
            state_check(HoldState, "legal_hold_state_known"),
            models.CheckConstraint(
                condition=Q(order__isnull=False, filing=None, case=None)
                | Q(order=None, filing__isnull=False, case=None)
                | Q(order=None, filing=None, case__isnull=False),
                name="legal_hold_on_one_thing",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(matter=""), name="legal_hold_has_reason"),
            models.CheckConstraint(
                condition=Q(countersigner_person=None) | ~Q(countersigner_person=F("proposer_person")),
                name="legal_hold_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(proposer=None, proposer_person=None, proposer_team=None, proposed_at=None, lift_reason="")
                | Q(proposer__isnull=False, proposer_person__isnull=False, proposer_team__isnull=False,
                    proposed_at__isnull=False) & ~Q(lift_reason=""),
                name="legal_hold_proposer_whole",
            ),
            models.CheckConstraint(
                condition=Q(countersigner=None, countersigner_person=None, countersigner_team=None, lifted_at=None,
                            lifted_on=None)
                | Q(countersigner__isnull=False, countersigner_person__isnull=False,
                    countersigner_team__isnull=False, lifted_at__isnull=False, lifted_on__isnull=False),
                name="legal_hold_countersigner_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="standing", proposer=None, countersigner=None)
                | Q(state="lift_proposed", proposer__isnull=False, countersigner=None)
                | Q(state="lifted", proposer__isnull=False, countersigner__isnull=False),
                name="legal_hold_lifted_by_two",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.reference


class CountedFrom(StrEnum):
    """From which day a licence's own years are counted."""

    TRANSACTION_END = "transaction_end"
    LICENCE_END = "licence_end"


class RecordTerm(models.Model):
    """How long a licence asks for its records, as its paper or an amendment says; the newest in effect counts.

    One that keeps records at least as long holds at once; a shorter one when a second officer signs.

    Args:
        years: None where the licence asks for no years of its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    licence = models.ForeignKey("procurement.Licence", on_delete=models.PROTECT, related_name="record_terms")
    years = models.PositiveSmallIntegerField(null=True, blank=True)
    counted_from = models.CharField(max_length=20, choices=choices(CountedFrom), default=CountedFrom.TRANSACTION_END)
    reason = models.CharField(max_length=2000)
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
        ordering = ("-proposed_at", "-pk")
        constraints: ClassVar = [
            state_check(CountedFrom, "record_term_counted_from_known", "counted_from"),
            models.CheckConstraint(
                condition=Q(years=None) | Q(years__gte=1, years__lte=100), name="record_term_years_in_bounds"
            ),
            models.CheckConstraint(
                condition=Q(countersigner_person=None) | ~Q(countersigner_person=F("proposer_person")),
                name="record_term_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(countersigner=None, countersigner_person=None, countersigner_team=None)
                | Q(countersigner__isnull=False, countersigner_person__isnull=False,
                    countersigner_team__isnull=False, in_effect_at__isnull=False),
                name="record_term_countersigner_whole",
            ),
            models.CheckConstraint(
                condition=Q(in_effect_at=None) | Q(withdrawn_at=None), name="record_term_in_effect_or_withdrawn"
            ),
            models.UniqueConstraint(
                fields=("licence",), condition=Q(in_effect_at=None, withdrawn_at=None), name="record_term_one_open"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.licence}: {self.years or 'no'} years"
