"""The append-only record, its seals and heads, stored documents, the outbox and the reference counters."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ledger.ids import uuid7


class Pseudonym(models.Model):
    """Links a person to the salted pseudonym that ledger rows carry; erasing the row unlinks for good."""

    person_id = models.UUIDField(unique=True)
    salt = models.BinaryField()
    pseudonym = models.CharField(max_length=64, primary_key=True)

    def __str__(self) -> str:
        return self.pseudonym


class Entry(models.Model):
    """One act, written in the act's own transaction and never changed (triggers and grants refuse it)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(db_default=Now())
    act = models.CharField(max_length=80)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=64)
    subject_ref = models.CharField(max_length=64, blank=True, default="")
    actor = models.CharField(max_length=64, blank=True, default="")
    actor_role = models.CharField(max_length=20, blank=True, default="")
    facts = models.JSONField(default=dict)

    class Meta:
        ordering = ("at", "id")
        indexes: ClassVar = [
            models.Index(fields=("subject_kind", "subject_id"), name="ledger_entry_subject"),
            models.Index(fields=("at",), name="ledger_entry_at"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.subject_ref or self.subject_id}"


class Seal(models.Model):
    """An entry's place in the chain: gapless number, leaf hash, and the hash that links it to all before."""

    seq = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="seal")
    leaf_hash = models.CharField(max_length=64)
    link_hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"#{self.seq}"


class Head(models.Model):
    """A signed statement: the first ``size`` seals have this Merkle root and this last link."""

    size = models.BigIntegerField(primary_key=True)
    root_hash = models.CharField(max_length=64)
    link_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField()
    key_id = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    def __str__(self) -> str:
        return f"head {self.size}"


class Document(models.Model):
    """A stored file, by the SHA-256 of its bytes, kept outside the web root."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    media_type = models.CharField(max_length=100)
    size_bytes = models.BigIntegerField()
    stored_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.sha256[:12]


class Attachment(models.Model):
    """A document that belongs to an order, a licence, a filing, a case ..."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="attachments")
    subject_kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    filename = models.CharField(max_length=200)
    title = models.CharField(max_length=200, blank=True, default="")
    attached_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=("subject_kind", "subject_id"), name="attachment_subject")]

    def __str__(self) -> str:
        return self.title or self.filename


class OutboxMessage(models.Model):
    """Something to be done after commit, again and again until it is done."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.IntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=("due_at",), condition=Q(done_at=None), name="outbox_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.payload}"


class Counter(models.Model):
    """The last number given out for a human reference of one prefix and year."""

    prefix = models.CharField(max_length=8)
    year = models.IntegerField()
    value = models.IntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=("prefix", "year"), name="counter_once")]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}: {self.value}"
