"""Screening parties and searching by hand; ``list_services`` loads lists, ``decision_services`` decides hits."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import record
from procurement.filings.models import Filing
from procurement.orders.models import Order
from procurement.parties.models import Party
from procurement.screening.findings import Sought, findings
from procurement.screening.keeping import Cause, Screened, keep
from procurement.screening.matching.matcher import match
from procurement.screening.matching.subjects import Name, Subject
from procurement.screening.models import AdHocSearch, BatchScreening, ScreeningRun
from procurement.screening.register import Register, current_register, threshold
from procurement.screening.shown import plain_hit
from procurement.screening.subjects import parties_of_filing, parties_of_order, subject_of, with_owners

UNUSUAL_SEARCHES_A_DAY = 50
MAX_SEARCH_LENGTH = 300


@dataclass(frozen=True)
class SearchResult:
    """What an ad-hoc search found, and the lists it looked in."""

    search_id: uuid.UUID
    name: str
    hits: tuple[dict[str, Any], ...]
    snapshots: tuple[dict[str, str], ...]


@transaction.atomic
def screen_party(*, actor: Actor | None, party: Party, purpose: str) -> ScreeningRun:
    """Match a party with all its names against every list in force; its open hits decide its state.

    Args:
        actor: who caused it; ``None`` for the system's own re-screening.
        purpose: why, in words, such as ``ORD-2026-00001 submitted``.
    """
    return _screen_all(actor, [party], purpose)[0]


@transaction.atomic
def screen_order(*, actor: Actor | None, order: Order, why: str = "") -> list[ScreeningRun]:
    """Screen every party of an order in every role, with their owners up the tree.

    Args:
        why: what it is done for, such as ``before a release``.
    """
    return _screen_all(actor, parties_of_order(order), f"Order {order.reference}{f', {why}' if why else ''}")


@transaction.atomic
def screen_changed(*, actor: Actor | None, party: Party, why: str) -> list[ScreeningRun]:
    """Screen a party again because something of it changed, with its owners up the tree.

    One that was never screened is left alone: it is screened with the first order or filing that names it.
    """
    if not party.screening_runs.exists():
        return []
    runs = _screen_all(actor, with_owners([party.pk]), why)
    party.refresh_from_db(fields=["screening_state", "version"])
    return runs


@transaction.atomic
def screen_filing(*, actor: Actor | None, filing: Filing) -> list[ScreeningRun]:
    """Screen every remote user of a filing and the applicant's organisation, with their owners."""
    return _screen_all(actor, parties_of_filing(filing), f"Filing {filing.reference}")


@transaction.atomic
def search(*, actor: Actor | None, name: str, purpose: str, countries: tuple[str, ...] = ()) -> SearchResult:
    """Look a name up by hand; the search is logged with person and purpose, whatever it finds.

    Args:
        actor: who looks; ``None`` at the command line, where ``purpose`` names the account.

    Raises:
        InvalidInput: an empty or overlong name, or no purpose.
        ComplianceRefusal: no list is loaded.
    """
    if actor is not None:
        actor.require(Act.SCREEN_AD_HOC)
    name, purpose = checked_text(name, "name"), checked_text(purpose, "purpose")
    register = current_register()
    if not register.snapshots:
        raise ComplianceRefusal("No screening list is loaded, so nothing can be said of a name. Load one first.")
    hits = _look_up(name, countries, register)
    row = AdHocSearch.objects.create(
        membership=actor.membership if actor else None, name=name, purpose=purpose, hit_count=len(hits)
    )
    record("search.made", row, actor=actor, facts={"hits": len(hits), "lists": len(register.snapshots)})
    tell_unusual_volume(actor, row)
    return SearchResult(row.pk, name, hits, register.snapshots)


def repeat_search(row: AdHocSearch) -> SearchResult:
    """What a logged search finds in the lists of now, for showing it again."""
    register = current_register()
    return SearchResult(row.pk, row.name, _look_up(row.name, (), register), register.snapshots)


def _screen_all(actor: Actor | None, parties: Iterable[Party], purpose: str) -> list[ScreeningRun]:
    """Match parties, keep the hits, withdraw what is no longer seen, and settle their states."""
    register = current_register()
    cause = Cause(purpose, register, actor)
    found = {party.pk: party for party in parties}
    locked = list(Party.objects.select_for_update().filter(pk__in=found).order_by("pk").prefetch_related("names"))
    sought = [_sought(party, register) for party in locked]
    made = findings(sought, register, None)
    kept = keep([Screened(each.party, those) for each, those in zip(sought, made, strict=True)], cause)
    for party in locked:
        found[party.pk].screening_state = party.screening_state
    return kept.runs


def _sought(party: Party, register: Register) -> Sought:
    subject = subject_of(party)
    return Sought(party, subject, match(subject, register.index, threshold()))


def _look_up(name: str, countries: tuple[str, ...], register: Register) -> tuple[dict[str, Any], ...]:
    matches = match(Subject("", (Name(name),), countries), register.index, threshold())
    entries = register.entries({found.listed.key for found in matches})
    return tuple(plain_hit(found, entries[found.listed.key]) for found in matches)


def checked_text(text: str, field: str) -> str:
    """A typed line of 2 to 300 characters.

    Raises:
        InvalidInput: shorter or longer.
    """
    plain = " ".join(text.replace("\x00", "").split())
    if not 2 <= len(plain) <= MAX_SEARCH_LENGTH:
        raise InvalidInput(f"The {field} needs 2 to {MAX_SEARCH_LENGTH} characters.", field=field)
    return plain


def tell_unusual_volume(actor: Actor | None, row: AdHocSearch | BatchScreening, added: int = 1) -> None:
    """Put on record when one person's searches of a day, batches included, become unusually many.

    Args:
        added: how many searches the row stands for.
    """
    if actor is None:
        return
    since = datetime.now(UTC) - timedelta(days=1)
    single = AdHocSearch.objects.filter(membership__person=actor.person, searched_at__gt=since).count()
    batches = BatchScreening.objects.filter(membership__person=actor.person, asked_at__gt=since)
    count = single + (batches.aggregate(lines=Sum("line_count"))["lines"] or 0)
    if count - added < UNUSUAL_SEARCHES_A_DAY <= count:
        record("search.unusual_volume", row, actor=actor, facts={"searches_in_a_day": count})
