"""Jobs, attempts with their fencing tokens, and what attempts report: metrics, log, checkpoints."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from allocation.jobs.states import AttemptOutcome, AttemptState, JobState
from ledger.ids import uuid7
from ledger.transitions import choices, state_check


class Job(models.Model):
    """What a team submitted: the canonical spec and its digest, under one grant.

    The jobs of one array share ``array_id``. ``is_command`` says that it runs the team's own program.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="jobs")
    submitted_by = models.ForeignKey("accounts.Membership", on_delete=models.PROTECT, related_name="+")
    filing = models.ForeignKey("procurement.Filing", on_delete=models.PROTECT, related_name="jobs")
    grant = models.ForeignKey("allocation.Grant", on_delete=models.PROTECT, related_name="jobs")
    chip = models.ForeignKey("procurement.ChipModel", on_delete=models.PROTECT, related_name="jobs")
    device_count = models.PositiveIntegerField()
    time_limit_ms = models.BigIntegerField()
    spec = models.JSONField()
    spec_sha256 = models.CharField(max_length=64)
    is_command = models.BooleanField(default=False)
    array_id = models.UUIDField(null=True, blank=True, db_index=True)
    after = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="followers")
    state = models.CharField(max_length=20, choices=choices(JobState), default=JobState.WAITING)
    waits_because = models.CharField(max_length=500, blank=True, default="")
    ended_because = models.CharField(max_length=500, blank=True, default="")
    failures_in_a_row = models.IntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-submitted_at",)
        constraints: ClassVar = [
            state_check(JobState, "job_state_known"),
            models.CheckConstraint(condition=Q(device_count__gt=0, time_limit_ms__gt=0), name="job_amounts_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running"], ended_at=None)
                | Q(state__in=["succeeded", "failed", "cancelled"], ended_at__isnull=False),
                name="job_ended_at_in_final_state",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Attempt(models.Model):
    """One try at running a job. Its fencing token is drawn from one sequence, so it only ever grows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    fencing_token = models.BigIntegerField(unique=True)
    state = models.CharField(max_length=20, choices=choices(AttemptState), default=AttemptState.PLACED)
    outcome = models.CharField(max_length=20, choices=choices(AttemptOutcome), blank=True, default="")
    valid_until = models.DateTimeField(null=True, blank=True)
    placed_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    drain_reason = models.CharField(max_length=500, blank=True, default="")
    drain_asked_at = models.DateTimeField(null=True, blank=True)
    drain_deadline_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    isolation = models.CharField(max_length=60, blank=True, default="")
    exit_code = models.IntegerField(null=True, blank=True)
    exit_signal = models.IntegerField(null=True, blank=True)
    message = models.CharField(max_length=1000, blank=True, default="")
    log_tail = models.TextField(blank=True, default="")
    signal_to_gone_ms = models.IntegerField(null=True, blank=True)
    receipt = models.JSONField(null=True, blank=True)
    resume = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ("-number",)
        constraints: ClassVar = [
            state_check(AttemptState, "attempt_state_known"),
            models.UniqueConstraint(fields=("job", "number"), name="attempt_number_once"),
            models.UniqueConstraint(
                fields=("job",), condition=~Q(state="ended"), name="attempt_one_live_per_job"
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False) & ~Q(outcome="")
                | ~Q(state="ended") & Q(ended_at=None, outcome=""),
                name="attempt_outcome_when_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} attempt {self.number}"


class AttemptHost(models.Model):
    """A host of an attempt's gang: its rank, and the one claim it made."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="hosts")
    host = models.ForeignKey("allocation.Host", on_delete=models.PROTECT, related_name="attempt_hosts")
    rank = models.PositiveIntegerField()
    claim_nonce = models.CharField(max_length=64, blank=True, default="")
    claim_answer = models.JSONField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    last_renewed_at = models.DateTimeField(null=True, blank=True)
    warranted_until = models.DateTimeField(null=True, blank=True)
    log_offset = models.BigIntegerField(default=0)
    clear_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("attempt", "host"), name="attempt_host_once"),
            models.UniqueConstraint(fields=("attempt", "rank"), name="attempt_rank_once"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt} on {self.host}"


class Checkpoint(models.Model):
    """A whole checkpoint that an attempt committed, by the hash of its manifest."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="checkpoints")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="checkpoints")
    step = models.BigIntegerField()
    name = models.CharField(max_length=100)
    manifest_sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    committed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-step",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("attempt", "step"), name="checkpoint_step_once_per_attempt"),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.name}"


class Metric(models.Model):
    """One line of numbers that an attempt reported."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="metrics")
    step = models.BigIntegerField()
    kind = models.CharField(max_length=20, default="train")
    values = models.JSONField()
    reported_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("step",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("attempt", "kind", "step"), name="metric_once"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt} step {self.step}"


class LogChunk(models.Model):
    """A stretch of an attempt's log, by byte offset."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="log_chunks")
    offset = models.BigIntegerField()
    text = models.TextField()
    reported_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("offset",)
        constraints: ClassVar = [models.UniqueConstraint(fields=("attempt", "offset"), name="log_chunk_once")]

    def __str__(self) -> str:
        return f"{self.attempt} @{self.offset}"
