"""Units of review work: cases with clock and questions, red flags, and decisions signed by two."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ledger.ids import uuid7
from ledger.transitions import choices, state_check
from procurement.review.states import CaseKind, CaseState, Outcome


class Case(models.Model):
    """One order, filing or incident under review. The clock stands still while a question is open."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, choices=choices(CaseKind))
    title = models.CharField(max_length=300)
    order = models.ForeignKey(
        "procurement.Order", on_delete=models.PROTECT, null=True, blank=True, related_name="cases"
    )
    filing = models.ForeignKey(
        "procurement.Filing", on_delete=models.PROTECT, null=True, blank=True, related_name="cases"
    )
    incident_ref = models.CharField(max_length=64, blank=True, default="")
    summary = models.TextField(max_length=4000, blank=True, default="")
    applicant = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    applicant_person = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    applicant_team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    assignee = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="assigned_cases"
    )
    state = models.CharField(max_length=30, choices=choices(CaseState), default=CaseState.OPEN)
    opened_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    clock_stopped_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("due_at",)
        constraints: ClassVar = [
            state_check(CaseState, "case_state_known"),
            state_check(CaseKind, "case_kind_known", "kind"),
            models.CheckConstraint(
                condition=Q(kind="order", order__isnull=False, filing=None)
                | Q(kind="filing", filing__isnull=False)
                | Q(kind="incident", filing=None),
                name="case_about_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(applicant=None, applicant_person=None, applicant_team=None)
                | Q(applicant__isnull=False, applicant_person__isnull=False, applicant_team__isnull=False),
                name="case_applicant_whole",
            ),
            models.CheckConstraint(
                condition=Q(kind="incident") | Q(applicant__isnull=False), name="case_has_applicant"
            ),
            models.UniqueConstraint(
                fields=("id", "applicant_person", "applicant_team"), name="case_applicant_person_team"
            ),
            models.UniqueConstraint(
                fields=("order",),
                condition=Q(kind="order") & ~Q(state__in=["closed", "withdrawn"]),
                name="case_one_open_per_order",
            ),
            models.UniqueConstraint(
                fields=("filing",),
                condition=Q(kind="filing") & ~Q(state__in=["closed", "withdrawn"]),
                name="case_one_open_per_filing",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Question(models.Model):
    """Something asked of the applicant; the clock stops until it is answered."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="questions")
    asked_by = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=4000)
    asked_at = models.DateTimeField(db_default=Now())
    answered_by = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    answer = models.TextField(max_length=8000, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("asked_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("case",), condition=Q(answered_at=None), name="question_one_open"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Flag(models.Model):
    """A red flag of the catalogue (5-facts, section 6), ticked by a person or computed; it decides nothing."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="flags")
    code = models.CharField(max_length=10)
    is_computed = models.BooleanField()
    evidence = models.CharField(max_length=1000)
    raised_by = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    raised_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("code",)
        constraints: ClassVar = [models.UniqueConstraint(fields=("case", "code"), name="flag_once_per_case")]

    def __str__(self) -> str:
        return self.code


class Decision(models.Model):
    """What was decided on a case: advised by one officer, countersigned by another.

    The persons and teams of applicant, decider and countersigner stand in the row itself: composite foreign keys
    (added by migration) tie them to dated memberships and to the case, and CHECKs compare them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=20, choices=choices(Outcome))
    reason = models.TextField(max_length=4000)
    granted_ms = models.BigIntegerField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    applicant_person = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    applicant_team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decider = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    decider_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    decider_team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    advised_at = models.DateTimeField(db_default=Now())
    countersigner = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    countersigner_person = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    countersigner_team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    final_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_reason = models.CharField(max_length=1000, blank=True, default="")
    revoked_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        ordering = ("-advised_at",)
        constraints: ClassVar = [
            state_check(Outcome, "decision_outcome_known", "outcome"),
            models.CheckConstraint(
                condition=Q(applicant_person=None, applicant_team=None)
                | Q(applicant_person__isnull=False, applicant_team__isnull=False),
                name="decision_applicant_whole",
            ),
            models.CheckConstraint(
                condition=Q(applicant_person=None)
                | (~Q(decider_person=F("applicant_person")) & ~Q(decider_team=F("applicant_team"))),
                name="decision_decider_not_applicant",
            ),
            models.CheckConstraint(
                condition=Q(applicant_person=None)
                | Q(countersigner_person=None)
                | (~Q(countersigner_person=F("applicant_person")) & ~Q(countersigner_team=F("applicant_team"))),
                name="decision_countersigner_not_applicant",
            ),
            models.CheckConstraint(
                condition=Q(countersigner_person=None) | ~Q(countersigner_person=F("decider_person")),
                name="decision_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(final_at=None, countersigner=None, countersigner_person=None, countersigner_team=None)
                | Q(
                    final_at__isnull=False,
                    countersigner__isnull=False,
                    countersigner_person__isnull=False,
                    countersigner_team__isnull=False,
                ),
                name="decision_final_only_countersigned",
            ),
            models.UniqueConstraint(
                fields=("case",), condition=Q(returned_at=None), name="decision_one_standing_per_case"
            ),
        ]

    @property
    def is_final(self) -> bool:
        """Whether a second person has countersigned."""
        return self.final_at is not None

    def __str__(self) -> str:
        return f"{self.outcome} {self.case}"
