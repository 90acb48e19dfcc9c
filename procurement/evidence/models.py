"""Evidence for the certifications that go with an order, which report went with which release, and red-flag answers."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ledger.ids import uuid7
from ledger.transitions import choices, state_check
from procurement.evidence.states import EvidenceState


class Basis(StrEnum):
    """What the share of C4 is counted in; which of them the rule means is to be verified against its text."""

    TPP = "tpp"
    UNITS = "units"


class Evidence(models.Model):
    """One piece of evidence as it was filed: a document, a statement, or both; its words are never rewritten.

    Args:
        line: the order line whose product it is about, for C1, C4 and C7; None where it is about the order.
        piece: the evidence asked for, in the words of the certification.
        share_percent: C4 alone, the exporter's certified share, with the cap that the statement itself names.
        serials: the units that a laboratory's report is about, for a report per shipment.
        valid_until: the last day on which it counts; None where it has no end.

    Filer and decider stand in the row (composite foreign keys, added by migration), so that the database compares them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey("procurement.Order", on_delete=models.PROTECT, related_name="evidence")
    line = models.ForeignKey(
        "procurement.OrderLine", on_delete=models.PROTECT, null=True, blank=True, related_name="evidence"
    )
    certification = models.CharField(max_length=10)
    piece = models.CharField(max_length=300)
    statement = models.TextField(max_length=4000, blank=True, default="")
    valid_until = models.DateField(null=True, blank=True)
    share_percent = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    cap_percent = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    basis = models.CharField(max_length=10, blank=True, default="")
    as_of = models.DateField(null=True, blank=True)
    is_report = models.BooleanField(default=False)
    laboratory = models.CharField(max_length=200, blank=True, default="")
    serials = models.JSONField(default=list)
    state = models.CharField(max_length=20, choices=choices(EvidenceState), default=EvidenceState.FILED)
    filer = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    filer_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    filer_team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField(db_default=Now())
    decider = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decider_person = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decider_team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=1000, blank=True, default="")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("filed_at", "pk")
        constraints: ClassVar = [
            state_check(EvidenceState, "evidence_state_known"),
            models.CheckConstraint(
                condition=Q(decider_person=None)
                | (~Q(decider_person=F("filer_person")) & ~Q(decider_team=F("filer_team"))),
                name="evidence_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(decider=None, decider_person=None, decider_team=None, decided_at=None)
                | Q(
                    decider__isnull=False,
                    decider_person__isnull=False,
                    decider_team__isnull=False,
                    decided_at__isnull=False,
                ),
                name="evidence_decider_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "returned"]) | Q(decider__isnull=False),
                name="evidence_state_rests_on_a_decider",
            ),
            models.CheckConstraint(
                condition=~Q(state="filed") | Q(decider=None), name="evidence_undecided_while_filed"
            ),
            models.CheckConstraint(
                condition=Q(share_percent=None, cap_percent=None, basis="", as_of=None)
                | Q(
                    certification="C4",
                    share_percent__gte=0,
                    cap_percent__gt=0,
                    cap_percent__lte=100,
                    basis__in=["tpp", "units"],
                    as_of__isnull=False,
                ),
                name="evidence_share_whole",
            ),
            models.UniqueConstraint(
                fields=("order", "line", "certification", "piece", "state"),
                condition=Q(state__in=["filed", "accepted"], is_report=False),
                name="evidence_one_standing_per_piece",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.certification}: {self.piece}"


class ReportUse(models.Model):
    """Which laboratory's report a release went out under; a report covers one shipment."""

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="use")
    release = models.OneToOneField("procurement.Release", on_delete=models.PROTECT, related_name="report_use")
    used_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.evidence} for {self.release}"


class FlagAnswer(StrEnum):
    """What an officer says of a red flag after inquiry."""

    NOT_SEEN = "not_seen"
    RESOLVED = "resolved"
    STANDS = "stands"


class RedFlagAnswer(models.Model):
    """An officer's answer to one red flag of the catalogue, on one order; the newest counts, none is rewritten."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey("procurement.Order", on_delete=models.PROTECT, related_name="flag_answers")
    code = models.CharField(max_length=10)
    answer = models.CharField(max_length=20, choices=choices(FlagAnswer))
    reason = models.CharField(max_length=1000, blank=True, default="")
    answerer = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    answerer_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    answerer_team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("answered_at", "pk")
        constraints: ClassVar = [
            state_check(FlagAnswer, "red_flag_answer_known", "answer"),
            models.CheckConstraint(condition=Q(answer="not_seen") | ~Q(reason=""), name="red_flag_answer_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.answer}"
