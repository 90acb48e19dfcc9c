"""The one way to write the record: ``record`` inside the act's transaction."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from django.db import connection, models, transaction
from django.utils import timezone

from ledger.canonical import NotSealable, check_facts
from ledger.errors import InvalidInput
from ledger.models import Counter, Entry, OutboxMessage, Pseudonym

if TYPE_CHECKING:
    from accounts.actors import Actor


class Subject(Protocol):
    """Anything an act is about: it has a primary key, and perhaps a human reference."""

    pk: Any


def pseudonym_of(person_id: uuid.UUID) -> str:
    """The salted hash that stands for a person in the ledger; made on first use."""
    known = Pseudonym.objects.filter(person_id=person_id).values_list("pseudonym", flat=True).first()
    if known:
        return str(known)
    salt = secrets.token_bytes(16)
    made = hashlib.sha256(salt + person_id.bytes).hexdigest()
    row, _ = Pseudonym.objects.get_or_create(person_id=person_id, defaults={"salt": salt, "pseudonym": made})
    return row.pseudonym


def record(
    act: str, subject: models.Model, *, actor: Actor | None = None, facts: dict[str, Any] | None = None
) -> Entry:
    """Write one ledger row in the transaction of the act.

    Args:
        act: what was done, ``<subject>.<verb in the past>``, such as ``licence.suspended``.
        subject: the row the act is about.
        actor: who did it; ``None`` for the system's own acts.
        facts: plain JSON; no personal data, no floats (amounts are integers or decimal strings).

    Raises:
        RuntimeError: called outside a transaction, where the row could stand without its act.
        InvalidInput: the facts hold what cannot be sealed; nothing was written.
    """
    entry = _entry(act, subject, actor, facts or {})
    entry.save(force_insert=True)
    return entry


def record_each(act: str, subjects: Iterable[tuple[models.Model, dict[str, Any]]]) -> list[Entry]:
    """Write one ledger row for each of many subjects of one act of the system's own, each with its facts.

    Raises:
        RuntimeError: called outside a transaction.
        InvalidInput: facts hold what cannot be sealed; nothing was written.
    """
    return Entry.objects.bulk_create(_entry(act, subject, None, facts) for subject, facts in subjects)


def _entry(act: str, subject: models.Model, actor: Actor | None, facts: dict[str, Any]) -> Entry:
    if not connection.in_atomic_block:
        raise RuntimeError("ledger.record must run inside the transaction of the act it records")
    try:
        check_facts(facts)
    except NotSealable as error:
        raise InvalidInput(f"The record of {act} cannot be sealed: {error}.") from error
    return Entry(
        act=act,
        subject_kind=subject._meta.model_name or "",
        subject_id=str(subject.pk),
        subject_ref=str(getattr(subject, "reference", "") or ""),
        actor=pseudonym_of(actor.person.pk) if actor else "",
        actor_role=str(actor.role) if actor else "system",
        facts=facts,
    )


def next_reference(prefix: str) -> str:
    """The next human reference such as ``ORD-2026-00042``; gapless per prefix and year once committed."""
    year = timezone.now().year
    with transaction.atomic():
        Counter.objects.get_or_create(prefix=prefix, year=year)
        counter = Counter.objects.select_for_update().get(prefix=prefix, year=year)
        counter.value += 1
        counter.save(update_fields=["value"])
    return f"{prefix}-{year}-{counter.value:05d}"


def add_to_outbox(kind: str, payload: dict[str, Any]) -> OutboxMessage:
    """Ask for something to be done after commit; the relay repeats it until it is done."""
    return OutboxMessage.objects.create(kind=kind, payload=payload)
