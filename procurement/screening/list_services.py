"""Loading a list: whole or not at all; the old one stays in force until the new one stands."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import record
from procurement.screening import list_store, rescreening
from procurement.screening.list_store import About, Difference
from procurement.screening.loaders.formats import open_list
from procurement.screening.loaders.records import ListDocument, ListFault, check_dates, check_drop, clean
from procurement.screening.models import DeliveryOutcome, ListDelivery, ListSnapshot, OldListAcceptance
from procurement.screening.register import described, key_of
from procurement.screening.rescreening import Progress

OVERRULED_BY_CONFIRMATION = ("suspiciously_smaller", "older_than_in_force")
OLDEST = date(1990, 1, 1)
LONGEST_ACCEPTANCE = timedelta(days=30)
LEAST_REASON = 10
_log = structlog.get_logger(__name__)


class ListRefused(InvalidInput):
    """A list file that cannot be taken; the one in force stays."""

    code = "list_refused"


class ListTooSmall(ComplianceRefusal):
    """A list that lost suspiciously many entries, or is older than the one in force, which stays."""

    code = "list_suspiciously_smaller"


@dataclass(frozen=True)
class Source:
    """Whence a list file comes.

    Attributes:
        code: under which source it replaces a list; by its form (csl, un, ofac, house, opensanctions) if empty.
        origin: the address it was fetched from, or the file's name.
        is_fictional: it was invented for a demo, and every page says so.
        published_on: its date, where the file does not say; today otherwise.
    """

    code: str = ""
    origin: str = ""
    is_fetched: bool = False
    is_fictional: bool = False
    published_on: date | None = None


@dataclass(frozen=True)
class LoadedList:
    """What a load did.

    Attributes:
        is_new: false where this very file was in force already.
        changed: how many entries were added, changed or removed against the list before.
        rescreened: how many parties were matched again against them.
    """

    snapshot: ListSnapshot
    is_new: bool
    changed: int
    rescreened: int


def load_list(
    *,
    actor: Actor | None,
    file: Path,
    source: Source | None = None,
    is_drop_confirmed: bool = False,
    progress: Progress = rescreening.quietly,
) -> LoadedList:
    """Read a list, put it in force in place of the one before, and screen everyone again on what changed.

    Args:
        actor: who loads it; ``None`` at the command line or for the scheduled task.
        is_drop_confirmed: take it although more than 5 % of the entries are gone, or although it is an older one.
        progress: told of the re-screening as it goes.

    Raises:
        ListRefused: broken, truncated, dated in the future, or of no known form.
        ListTooSmall: more than 5 % of the entries or names are gone, or it is older than the one in force.
    """
    if actor is not None:
        actor.require(Act.LOAD_LIST)
    told = source or Source()
    try:
        document = open_list(file)
        told = replace(told, code=(told.code or document.source_code).strip().lower())
        with transaction.atomic():
            snapshot, found, asked = _load(actor, file, document, told, is_drop_confirmed)
    except ListFault as fault:
        _tell_refusal(actor, file, told, fault)
        kind = ListTooSmall if fault.code in OVERRULED_BY_CONFIRMATION else ListRefused
        raise kind(f"{file.name} is refused: {fault.message}") from fault
    if found is None:
        return LoadedList(snapshot, False, 0, 0)
    rescreened = rescreening.run(asked, progress) if asked is not None else 0
    return LoadedList(snapshot, True, found.changed, rescreened)


def _load(
    actor: Actor | None, file: Path, document: ListDocument, told: Source, is_drop_confirmed: bool
) -> tuple[ListSnapshot, Difference | None, uuid.UUID | None]:
    """The snapshot in force, how it differs (``None`` where it was in force before), and the re-screening asked for."""
    source = told.code
    files = document.files or (file,)
    sha256 = list_store.sha256_of(files)
    before = ListSnapshot.objects.select_for_update().filter(source_code=source, is_current=True).first()
    if before is not None and before.sha256 == sha256:
        _tell(DeliveryOutcome.UNCHANGED, source, told, file, before)
        return before, None, None
    snapshot = _put_in_force(document, before, _about(document, told, source, sha256, file), is_drop_confirmed)
    if list_store.sha256_of(files) != sha256:
        raise ListFault("changed_while_read", f"{file.name} changed while it was read.")
    found = list_store.difference(before, snapshot)
    if not is_drop_confirmed:
        check_drop(found.before, found.removed)
        check_drop(found.names_before, found.names_gone, "names")
    facts = {**described(snapshot), "entries": snapshot.entry_count, "changed": found.changed}
    record("list.loaded", snapshot, actor=actor, facts={**facts, "drop_confirmed": is_drop_confirmed})
    _tell(DeliveryOutcome.LOADED, source, told, file, snapshot, found)
    return snapshot, found, _ask_for_rescreening(before, snapshot, found)


def _about(document: ListDocument, told: Source, source: str, sha256: str, file: Path) -> About:
    said = told.published_on or (document.published_at.date() if document.published_at else None)
    return About(
        source_code=source,
        sha256=sha256,
        published_on=said or timezone.now().date(),
        is_fictional=told.is_fictional,
        origin=(told.origin or file.name)[:500],
    )


def _put_in_force(
    document: ListDocument, before: ListSnapshot | None, about: About, is_drop_confirmed: bool
) -> ListSnapshot:
    """Take the list in force out of force and put this one in; the same file loaded long ago comes back as it was."""
    in_force_on = before.published_on if before is not None and not is_drop_confirmed else None
    check_dates(about.published_on, in_force_on, timezone.now().date())
    if about.published_on < OLDEST:
        raise ListFault("broken_date", f"The list is dated {about.published_on}, before there were such lists.")
    if before is not None:
        before.is_current = False
        before.save(update_fields=["is_current"])
    again = ListSnapshot.objects.filter(source_code=about.source_code, sha256=about.sha256).first()
    if again is None:
        return list_store.store(document, about)
    again.is_current = True
    again.save(update_fields=["is_current"])
    return again


def _ask_for_rescreening(before: ListSnapshot | None, after: ListSnapshot, found: Difference) -> uuid.UUID | None:
    """Put down, with the list itself, that everyone is to be matched again; ``None`` where nothing changed."""
    if not found.changed:
        return None
    purpose = f"List changed: {after.title} of {after.published_on}"
    is_whole = before is None or found.changed * 2 >= after.entry_count
    keys = [] if is_whole or before is None else list_store.changed_keys(before, after)
    changed = [key_of(after.source_code, key) for key in keys]
    return rescreening.ask(purpose=purpose, snapshot=after, changed_keys=changed, is_whole=is_whole)


def _tell(
    outcome: DeliveryOutcome,
    source: str,
    told: Source,
    file: Path,
    snapshot: ListSnapshot | None = None,
    found: Difference | None = None,
) -> None:
    counts = {"added": found.added, "altered": found.altered, "removed": found.removed} if found else {}
    ListDelivery.objects.create(
        source_code=source[:40],
        origin=(told.origin or file.name)[:500],
        is_fetched=told.is_fetched,
        outcome=outcome,
        snapshot=snapshot,
        **counts,
    )


@transaction.atomic
def _tell_refusal(actor: Actor | None, file: Path, told: Source, fault: ListFault) -> None:
    """The refusal goes on record, outside the load's transaction, which is undone; an alert until a list comes."""
    source = (told.code or "unknown").strip().lower()[:40]
    reason = clean(fault.message)[:500]
    subject = ListSnapshot.objects.filter(source_code=source, is_current=True).first()
    facts = {"code": fault.code, "reason": reason, "source_code": source}
    record("list.refused", subject or ListSnapshot(source_code=source), actor=actor, facts=facts)
    ListDelivery.objects.create(
        source_code=source,
        origin=clean(told.origin or file.name)[:500],
        is_fetched=told.is_fetched,
        outcome=DeliveryOutcome.REFUSED,
        code=fault.code,
        reason=reason,
    )
    _log.warning("screening.list_refused", source=source, code=fault.code, reason=reason)


@transaction.atomic
def tell_unreachable(*, code: str, url: str, reason: str) -> None:
    """Put down that a list could not be had from its address: an alert until it comes."""
    subject = ListSnapshot.objects.filter(source_code=code, is_current=True).first()
    facts = {"code": "unreachable", "reason": reason[:500], "source_code": code}
    record("list.unreachable", subject or ListSnapshot(source_code=code), facts=facts)
    ListDelivery.objects.create(
        source_code=code[:40],
        origin=url[:500],
        is_fetched=True,
        outcome=DeliveryOutcome.UNREACHABLE,
        code="unreachable",
        reason=reason[:500],
    )


@transaction.atomic
def accept_old_list(*, actor: Actor, snapshot: ListSnapshot, until: date, reason: str) -> OldListAcceptance:
    """Let work go on with a list that is too old, until a day; an officer's word, on record with the reason.

    Raises:
        InvalidInput: the list is not in force, the day is past or more than 30 days ahead, or no reason is given.
    """
    actor.require(Act.DECIDE_HIT)
    today, said = timezone.now().date(), reason.strip()
    if not ListSnapshot.objects.filter(pk=snapshot.pk, is_current=True).exists():
        raise InvalidInput("This list is no longer in force: look at the one that is.")
    if not today <= until <= today + LONGEST_ACCEPTANCE:
        raise InvalidInput(f"Choose a day from today on, at most {LONGEST_ACCEPTANCE.days} days ahead.", field="until")
    if len(said) < LEAST_REASON:
        raise InvalidInput(f"Give a reason of at least {LEAST_REASON} characters.", field="reason")
    accepted = OldListAcceptance.objects.create(
        snapshot=snapshot, until=until, reason=said[:500], membership=actor.membership
    )
    facts = {**described(snapshot), "until": until.isoformat()}
    record("list.old_accepted", snapshot, actor=actor, facts=facts)
    return accepted
