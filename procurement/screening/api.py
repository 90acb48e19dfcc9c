"""Hits, decisions on them, searches and the lists' health over the API, for those who may see screening.

Annotations are evaluated here, not postponed: the API's framework looks names up in its own module otherwise.
"""

import uuid
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema

from accounts.api import caller
from accounts.permissions import Act
from ledger.errors import InvalidInput
from procurement.screening import health, queries, services
from procurement.screening.decision_services import countersign_release, decide_hit
from procurement.screening.loaders.countries import country_code
from procurement.screening.models import Hit, HitDecision, HitState

router = Router()
LIMIT = 200


class HitOut(Schema):
    """A hit as it stands: evidence that a party may be a listed one, not a verdict. Scores in thousandths."""

    id: uuid.UUID
    party_id: uuid.UUID
    party: str
    list_authority: str
    listed_as: str
    score: int
    effect: str
    state: str
    is_seen: bool
    evidence: dict[str, Any]
    evidence_sha256: str
    found_at: datetime

    @staticmethod
    def resolve_party(row: Hit) -> str:
        """The party's name."""
        return row.party.name

    @staticmethod
    def resolve_list_authority(row: Hit) -> str:
        """The list's code, such as EL."""
        return row.entry.list_authority

    @staticmethod
    def resolve_listed_as(row: Hit) -> str:
        """The listed party's name."""
        return row.entry.name

    @staticmethod
    def resolve_is_seen(row: Hit) -> bool:
        """Whether the evidence is still seen; a list or the party may have changed since."""
        return row.withdrawn_at is None


class DecisionIn(Schema):
    """What a hit is, why, and the evidence it was decided on: false_positive, true_match, or released (proposed)."""

    outcome: HitState
    reason: str = Field(max_length=2000)
    evidence_sha256: str = Field(min_length=64, max_length=64)


class DecisionOut(Schema):
    """A person's word on a hit; a release is in effect once a second person has countersigned it."""

    id: uuid.UUID
    outcome: str
    reason: str
    decided_at: datetime
    in_effect_at: datetime | None


class SearchIn(Schema):
    """A name to look up, why, and the country it is in, where that is known."""

    name: str = Field(max_length=300)
    purpose: str = Field(max_length=300)
    country: str = Field("", max_length=100)


class SearchOut(Schema):
    """What a logged search found, and in which lists."""

    search_id: uuid.UUID
    name: str
    hits: list[dict[str, Any]]
    lists: list[dict[str, Any]]


class ListOut(Schema):
    """One list in force."""

    source_code: str
    title: str
    published_on: date
    confirmed_on: date | None
    age_days: int
    is_stale: bool
    is_blocking: bool
    is_fictional: bool
    entries: int
    names: int
    sha256: str


@router.get("/hits", response=list[HitOut])
def list_hits(request: HttpRequest, state: str = "open", offset: int = 0) -> Any:
    """Hits in a state, the most alike first, 200 at a time."""
    actor = caller(request)
    actor.require(Act.SEE_SCREENING)
    if state not in set(HitState):
        raise InvalidInput(f"No hit is ever {state[:40]!r}: one of {', '.join(HitState)}.", field="state")
    if offset < 0:
        raise InvalidInput("An offset is not negative.", field="offset")
    return list(queries.queue(actor, state)[offset : offset + LIMIT])


@router.get("/hits/{hit_id}", response=HitOut)
def show_hit(request: HttpRequest, hit_id: uuid.UUID) -> Any:
    """One hit with its evidence."""
    actor = caller(request)
    actor.require(Act.SEE_SCREENING)
    return get_object_or_404(queries.hits_visible_to(actor), pk=hit_id)


@router.post("/hits/{hit_id}/decisions", response=DecisionOut)
def decide_on_hit(request: HttpRequest, hit_id: uuid.UUID, said: DecisionIn) -> HitDecision:
    """Dismiss or confirm a hit, or propose to release a true match."""
    if said.outcome == HitState.OPEN:
        raise InvalidInput("A decision is false_positive, true_match or released.", field="outcome")
    return decide_hit(
        actor=caller(request),
        hit_id=hit_id,
        outcome=said.outcome,
        reason=said.reason,
        evidence_sha256=said.evidence_sha256,
    )


@router.post("/hits/{hit_id}/release", response=DecisionOut)
def countersign_hit_release(request: HttpRequest, hit_id: uuid.UUID) -> HitDecision:
    """Countersign the proposed release of a true match, as the second person."""
    actor = caller(request)
    actor.require(Act.DECIDE_HIT)
    found = get_object_or_404(queries.hits_visible_to(actor), pk=hit_id)
    proposal = queries.pending_release(found)
    if proposal is None:
        raise InvalidInput("No release of this hit waits for a second person.")
    return countersign_release(actor=actor, decision_id=proposal.pk)


@router.post("/searches", response=SearchOut)
def search_name(request: HttpRequest, asked: SearchIn) -> SearchOut:
    """Look a name up; the search is logged with person and purpose."""
    country = country_code(asked.country)
    if asked.country and not country:
        raise InvalidInput(f"Unknown country {asked.country!r}.", field="country")
    found = services.search(
        actor=caller(request), name=asked.name, purpose=asked.purpose, countries=(country,) if country else ()
    )
    return SearchOut(search_id=found.search_id, name=found.name, hits=list(found.hits), lists=list(found.snapshots))


@router.get("/lists", response=list[ListOut])
def screening_lists(request: HttpRequest) -> list[ListOut]:
    """The lists in force, with their age and whether they keep approvals waiting."""
    caller(request).require(Act.SEE_SCREENING)
    return [_list(each) for each in health.list_health()]


def _list(each: health.ListHealth) -> ListOut:
    snapshot = each.snapshot
    return ListOut(
        source_code=snapshot.source_code,
        title=snapshot.title,
        published_on=snapshot.published_on,
        confirmed_on=each.confirmed_on,
        age_days=each.age_days,
        is_stale=each.is_stale,
        is_blocking=each.is_blocking,
        is_fictional=snapshot.is_fictional,
        entries=snapshot.entry_count,
        names=snapshot.name_count,
        sha256=snapshot.sha256,
    )
