"""Lists as immutable snapshots, hits as evidence, decisions that are remembered, and logged searches."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from ledger.ids import uuid7
from ledger.transitions import choices, state_check


class ListSnapshot(models.Model):
    """One loaded version of one list: never changed, replaced by a newer one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source_code = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    is_fictional = models.BooleanField(default=False)
    published_on = models.DateField()
    sha256 = models.CharField(max_length=64)
    entry_count = models.IntegerField()
    name_count = models.IntegerField()
    loaded_at = models.DateTimeField(db_default=Now())
    is_current = models.BooleanField(default=True)
    origin = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ("source_code", "-loaded_at")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("source_code",), condition=Q(is_current=True), name="list_current_once"),
            models.UniqueConstraint(fields=("source_code", "sha256"), name="list_snapshot_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title} of {self.published_on}"


class ListEntry(models.Model):
    """A listed party in one snapshot."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    snapshot = models.ForeignKey(ListSnapshot, on_delete=models.CASCADE, related_name="entries")
    entry_key = models.CharField(max_length=120)
    list_authority = models.CharField(max_length=120)
    name = models.CharField(max_length=500)
    kind = models.CharField(max_length=40, blank=True, default="")
    countries = models.JSONField(default=list)
    programmes = models.JSONField(default=list)
    url = models.CharField(max_length=500, blank=True, default="")
    facts = models.JSONField(default=dict)
    content_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("snapshot", "entry_key"), name="list_entry_once_per_snapshot"),
        ]

    def __str__(self) -> str:
        return self.name


class ListName(models.Model):
    """A name of a listed party, as given and normalised."""

    entry = models.ForeignKey(ListEntry, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=500)
    normalised = models.CharField(max_length=500)
    kind = models.CharField(max_length=20, default="primary")

    class Meta:
        indexes: ClassVar = [models.Index(fields=("normalised",), name="list_name_normalised")]

    def __str__(self) -> str:
        return self.name


class ListAddress(models.Model):
    """An address of a listed party, with the key under which the same place is found however it is written."""

    entry = models.ForeignKey(ListEntry, on_delete=models.CASCADE, related_name="addresses")
    address = models.CharField(max_length=500)
    key = models.CharField(max_length=200)

    class Meta:
        indexes: ClassVar = [models.Index(fields=("key",), name="list_address_key")]

    def __str__(self) -> str:
        return self.address


class DeliveryOutcome(StrEnum):
    """What became of a list file that came."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


class ListDelivery(models.Model):
    """A list file that came, fetched or by hand, and what became of it: the latest of a source tells its health.

    ``added``, ``altered`` and ``removed`` count entries against the list before.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source_code = models.CharField(max_length=40)
    origin = models.CharField(max_length=500, blank=True, default="")
    is_fetched = models.BooleanField(default=False)
    outcome = models.CharField(max_length=20, choices=choices(DeliveryOutcome))
    code = models.CharField(max_length=60, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True, default="")
    snapshot = models.ForeignKey(ListSnapshot, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    added = models.IntegerField(default=0)
    altered = models.IntegerField(default=0)
    removed = models.IntegerField(default=0)
    came_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-came_at", "-id")
        indexes: ClassVar = [models.Index(fields=("source_code", "-came_at"), name="list_delivery_of_source")]
        constraints: ClassVar = [state_check(DeliveryOutcome, "list_delivery_outcome_known", "outcome")]

    def __str__(self) -> str:
        return f"{self.source_code} {self.outcome}"


class OldListAcceptance(models.Model):
    """An officer's word that work goes on with a list that is too old, until a day, and why."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    snapshot = models.ForeignKey(ListSnapshot, on_delete=models.PROTECT, related_name="acceptances")
    until = models.DateField()
    reason = models.CharField(max_length=500)
    membership = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-accepted_at",)

    def __str__(self) -> str:
        return f"{self.snapshot} until {self.until}"


class Rescreening(models.Model):
    """Everybody matched again because a list changed: where it stands, so that it goes on after a stop.

    ``changed_keys`` is empty where every entry counts. Parties are gone through by their ids, ``reached`` is the last
    one done; ``new_hits`` and ``withdrawn_hits`` are what it brought about so far.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    snapshot = models.ForeignKey(ListSnapshot, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    purpose = models.CharField(max_length=300)
    changed_keys = models.JSONField(default=list)
    is_whole = models.BooleanField(default=False)
    party_count = models.IntegerField()
    done_count = models.IntegerField(default=0)
    new_hits = models.IntegerField(default=0)
    withdrawn_hits = models.IntegerField(default=0)
    reached = models.UUIDField(null=True, blank=True)
    asked_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-asked_at",)

    def __str__(self) -> str:
        return self.purpose


class ScreeningRun(models.Model):
    """One party matched against the lists of one moment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    party = models.ForeignKey("procurement.Party", on_delete=models.PROTECT, related_name="screening_runs")
    snapshots = models.JSONField(default=list)
    purpose = models.CharField(max_length=300)
    hit_count = models.IntegerField()
    run_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.party} {self.run_at:%Y-%m-%d}"


class HitState(StrEnum):
    """Where a hit stands."""

    OPEN = "open"
    FALSE_POSITIVE = "false_positive"
    TRUE_MATCH = "true_match"
    RELEASED = "released"


class Hit(models.Model):
    """Evidence that a party may be a listed one: a hit is evidence, not a verdict.

    ``withdrawn_at`` is set when the evidence is no longer seen: the list or the party has changed since.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    party = models.ForeignKey("procurement.Party", on_delete=models.PROTECT, related_name="hits")
    entry = models.ForeignKey(ListEntry, on_delete=models.PROTECT, related_name="hits")
    source_code = models.CharField(max_length=40)
    entry_key = models.CharField(max_length=120)
    score = models.IntegerField()
    evidence = models.JSONField()
    evidence_sha256 = models.CharField(max_length=64)
    effect = models.CharField(max_length=40)
    state = models.CharField(max_length=20, choices=choices(HitState), default=HitState.OPEN)
    found_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-found_at",)
        constraints: ClassVar = [
            state_check(HitState, "hit_state_known"),
            models.UniqueConstraint(
                fields=("party", "source_code", "entry_key", "evidence_sha256"), name="hit_once_per_evidence"
            ),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1000), name="hit_score_in_thousandths"),
        ]

    def __str__(self) -> str:
        return f"{self.party} ~ {self.entry}"


class HitDecision(models.Model):
    """A person's word on a hit, bound to the evidence seen; releasing a true match takes a second person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hit = models.ForeignKey(Hit, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=20, choices=choices(HitState))
    reason = models.TextField(max_length=2000)
    evidence_sha256 = models.CharField(max_length=64)
    decider = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    decider_person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    decider_team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(db_default=Now())
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

    class Meta:
        ordering = ("-decided_at",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(outcome__in=["false_positive", "true_match", "released"]),
                name="hit_decision_outcome_known",
            ),
            models.CheckConstraint(
                condition=Q(countersigner_person=None) | ~Q(countersigner_person=F("decider_person")),
                name="hit_decision_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="released") | Q(in_effect_at=None) | Q(countersigner_person__isnull=False),
                name="hit_decision_release_needs_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.hit}"


class AdHocSearch(models.Model):
    """A search by hand: who, for what name, why, and how many hits it gave."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    membership = models.ForeignKey(
        "accounts.Membership", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=300)
    purpose = models.CharField(max_length=300)
    hit_count = models.IntegerField()
    searched_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-searched_at",)

    def __str__(self) -> str:
        return self.name


class BatchScreening(models.Model):
    """Many names looked up at once: who asked, why, how far it is; its lines are the log of what was searched."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    membership = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    purpose = models.CharField(max_length=300)
    line_count = models.IntegerField()
    snapshots = models.JSONField(default=list)
    asked_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-asked_at",)

    def __str__(self) -> str:
        return self.file_name


class BatchScreeningLine(models.Model):
    """One name of a batch; ``hits`` is null until it was looked up."""

    batch = models.ForeignKey(BatchScreening, on_delete=models.CASCADE, related_name="lines")
    number = models.IntegerField()
    name = models.CharField(max_length=500, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    ref = models.CharField(max_length=200, blank=True, default="")
    fault = models.CharField(max_length=300, blank=True, default="")
    hits = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [models.UniqueConstraint(fields=("batch", "number"), name="batch_line_once")]

    def __str__(self) -> str:
        return self.name
