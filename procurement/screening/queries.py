"""What pages, the API and other rooms read of screening."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.urls import NoReverseMatch, reverse

from accounts.actors import Actor
from accounts.permissions import Act
from procurement.filings.models import Filing
from procurement.orders.models import Order
from procurement.parties.models import Party, ScreeningState
from procurement.screening.health import ScreeningBlocker, list_blockers
from procurement.screening.models import AdHocSearch, BatchScreening, BatchScreeningLine, Hit, HitDecision, HitState
from procurement.screening.subjects import parties_of_filing, parties_of_order, roots_of_filing, roots_of_order

IN_REVIEW = "in_review"


def hits_visible_to(actor: Actor) -> QuerySet[Hit]:
    """All hits for those who may see screening, none for anybody else."""
    hits = Hit.objects.select_related("party", "entry__snapshot")
    return hits if actor.may(Act.SEE_SCREENING) else hits.none()


def queue(actor: Actor, state: str = "") -> QuerySet[Hit]:
    """Hits to look at, the most alike first; by default those that need a person."""
    hits = hits_visible_to(actor).annotate(
        waiting_releases=Count("decisions", filter=Q(decisions__outcome="released", decisions__in_effect_at=None))
    )
    if state == "releases":
        hits = hits.filter(state=HitState.TRUE_MATCH, waiting_releases__gt=0)
    elif state in set(HitState):
        hits = hits.filter(state=state)
    else:
        hits = hits.filter(state=HitState.OPEN, withdrawn_at=None)
    return hits.order_by("-score", "found_at")


def queue_counts(actor: Actor) -> dict[str, int]:
    """How many hits stand in each tab of the queue."""
    hits = hits_visible_to(actor)
    counts = dict(hits.order_by().values_list("state").annotate(count=Count("pk")))
    counts["open"] = hits.filter(state=HitState.OPEN, withdrawn_at=None).count()
    pending = HitDecision.objects.filter(outcome=HitState.RELEASED, in_effect_at=None, hit__state=HitState.TRUE_MATCH)
    counts["releases"] = pending.count() if actor.may(Act.SEE_SCREENING) else 0
    return counts


def decisions_of(hit: Hit) -> QuerySet[HitDecision]:
    """What was said of a hit, newest first, with the persons."""
    return hit.decisions.select_related("decider_person", "decider_team", "countersigner_person")


def pending_release(hit: Hit) -> HitDecision | None:
    """A release that waits for its second person."""
    return decisions_of(hit).filter(outcome=HitState.RELEASED, in_effect_at=None).first()


def hits_of_parties(actor: Actor, parties: Iterable[uuid.UUID]) -> QuerySet[Hit]:
    """Hits on these parties that are seen now or stand as a match, for the case page; undecided first."""
    first = Case(When(state=HitState.OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    standing = Q(withdrawn_at=None) | Q(state=HitState.TRUE_MATCH)
    return hits_visible_to(actor).filter(standing, party__in=parties).order_by(first, "-score")


def parties_of(kind: str, subject_id: uuid.UUID) -> QuerySet[Party]:
    """Everybody screened for an order or a filing.

    Raises:
        ObjectDoesNotExist: no such order or filing.
    """
    if kind == "filing":
        return parties_of_filing(Filing.objects.select_related("team").get(pk=subject_id))
    return parties_of_order(Order.objects.select_related("team").get(pk=subject_id))


def roots_of(kind: str, subject_id: uuid.UUID) -> list[Party]:
    """Who is named for an order or a filing, without their owners.

    Raises:
        ObjectDoesNotExist: no such order or filing.
    """
    if kind == "filing":
        return list(roots_of_filing(Filing.objects.select_related("team").get(pk=subject_id)))
    return list(roots_of_order(Order.objects.select_related("team").get(pk=subject_id)))


def recent_searches() -> QuerySet[AdHocSearch]:
    """The log of searches by hand, newest first."""
    return AdHocSearch.objects.select_related("membership__person")[:20]


@dataclass(frozen=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        with_hits: its lines that may be somebody listed, in their sequence.
    """

    done: int
    all: int
    bad: int
    hit_count: int
    with_hits: QuerySet[BatchScreeningLine]

    @property
    def is_done(self) -> bool:
        """Nothing is left to look up."""
        return self.done >= self.all


def batch_progress(batch: BatchScreening) -> BatchProgress:
    """How many lines are looked up, were bad, or have hits."""
    with_hits = batch.lines.exclude(hits__isnull=True).exclude(hits=[])
    left, bad = batch.lines.filter(hits__isnull=True).count(), batch.lines.exclude(fault="").count()
    return BatchProgress(batch.line_count - left, batch.line_count, bad, with_hits.count(), with_hits)


def recent_batches() -> QuerySet[BatchScreening]:
    """Batches handed in lately, newest first."""
    return BatchScreening.objects.select_related("membership__person")[:20]


def shown_state(actor: Actor, party: Party) -> str:
    """What an actor sees of a party's screening: an applicant sees that it is in review, and no more."""
    return str(party.screening_state) if actor.may(Act.SEE_SCREENING) else IN_REVIEW


def order_blockers(order: Order) -> list[ScreeningBlocker]:
    """Every reason why screening keeps an order from going on."""
    return _blockers(parties_of_order(order))


def filing_blockers(filing: Filing) -> list[ScreeningBlocker]:
    """Every reason why screening keeps a filing from going on."""
    return _blockers(parties_of_filing(filing))


def _blockers(parties: Iterable[Party]) -> list[ScreeningBlocker]:
    words = {
        ScreeningState.NOT_SCREENED: "has not been screened",
        ScreeningState.UNDECIDED: "has hits that nobody has decided",
        ScreeningState.MATCHED: "is a confirmed match on a list",
    }
    found = [
        ScreeningBlocker(f"{party.name} {words[state]}.", _url("screening:party", party.pk))
        for party in parties
        if (state := ScreeningState(party.screening_state)) in words
    ]
    return [*found, *list_blockers()]


def _url(name: str, *args: uuid.UUID) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
