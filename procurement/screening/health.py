"""The health of the lists: how old each is, what came last, what is wrong, and what that keeps from going on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Max, Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from procurement.screening.models import (
    DeliveryOutcome,
    ListDelivery,
    ListSnapshot,
    OldListAcceptance,
    Rescreening,
)
from procurement.screening.rescreening import unfinished

STALE_AFTER_DAYS = 7
OWN_SOURCES = frozenset({"house"})
GOOD = (DeliveryOutcome.LOADED, DeliveryOutcome.UNCHANGED)


@dataclass(frozen=True)
class ScreeningBlocker:
    """Why screening keeps something from going on, and the page that mends it."""

    reason: str
    url: str = ""


@dataclass(frozen=True)
class ListHealth:
    """One list in force: how old it is, and whether it may still be relied on.

    Attributes:
        confirmed_on: the last day on which its source was asked and gave this very list; ``None`` if never.
        latest: the last delivery under its source, whatever became of it.
        acceptance: an officer's word that work goes on although it is old, while it holds.
    """

    snapshot: ListSnapshot
    age_days: int
    confirmed_on: date | None = None
    latest: ListDelivery | None = None
    acceptance: OldListAcceptance | None = None

    @property
    def is_stale(self) -> bool:
        """Older than 7 days by its own date, and not confirmed by its source since."""
        return self.age_days > STALE_AFTER_DAYS

    @property
    def is_blocking(self) -> bool:
        """Stale, and no officer's word that work goes on with it."""
        return self.is_stale and self.acceptance is None


@dataclass(frozen=True)
class ListAlert:
    """Something that an officer has to see to: a list refused, not to be had, too old, or everybody still matched."""

    code: str
    source_code: str
    words: str
    delivery: ListDelivery | None = None


def list_health(today: date | None = None, latest: Sequence[ListDelivery] | None = None) -> list[ListHealth]:
    """The lists in force, with their age in days: since their own date, or since their source confirmed them.

    Args:
        latest: the last delivery of each source, where the caller has read them.
    """
    now = today or timezone.now().date()
    current = list(ListSnapshot.objects.filter(is_current=True).order_by("source_code"))
    confirmed = _confirmed(current)
    came = {each.source_code: each for each in (latest_deliveries() if latest is None else latest)}
    accepted = _accepted(current, now)
    return [
        ListHealth(
            snapshot,
            (now - max(filter(None, (snapshot.published_on, confirmed.get(snapshot.pk))))).days,
            confirmed.get(snapshot.pk),
            came.get(snapshot.source_code),
            accepted.get(snapshot.pk),
        )
        for snapshot in current
    ]


def _confirmed(current: Iterable[ListSnapshot]) -> dict[uuid.UUID, date]:
    """When each list was last had from its source unchanged; the operator's own list is confirmed by any delivery."""
    own = {snapshot.pk for snapshot in current if snapshot.source_code in OWN_SOURCES}
    good = ListDelivery.objects.filter(snapshot__in=[snapshot.pk for snapshot in current], outcome__in=GOOD)
    counted = good.filter(Q(is_fetched=True) | Q(snapshot__in=own)).order_by()
    return {pk: at.date() for pk, at in counted.values_list("snapshot").annotate(at=Max("came_at"))}


def _accepted(current: Iterable[ListSnapshot], today: date) -> dict[uuid.UUID, OldListAcceptance]:
    held = OldListAcceptance.objects.filter(snapshot__in=[each.pk for each in current], until__gte=today)
    return {each.snapshot_id: each for each in held.select_related("membership__person").order_by("until")}


def latest_deliveries() -> QuerySet[ListDelivery]:
    """The last delivery of each source."""
    return ListDelivery.objects.order_by("source_code", "-came_at", "-id").distinct("source_code")


def recent_deliveries() -> QuerySet[ListDelivery]:
    """What came lately, newest first."""
    return ListDelivery.objects.select_related("snapshot")[:20]


def list_alerts(today: date | None = None) -> list[ListAlert]:
    """What is wrong with the lists now; an alert ends by itself once its cause has."""
    latest = list(latest_deliveries())
    health = list_health(today, latest)
    known = {each.snapshot.source_code for each in health}
    failed = [each for each in latest if each.outcome not in GOOD]
    alerts = [
        ListAlert(each.code or str(each.outcome), each.source_code, _failed_words(each, known), each) for each in failed
    ]
    alerts += [ListAlert("old", each.snapshot.source_code, _old_words(each)) for each in health if each.is_blocking]
    return alerts


def _failed_words(delivery: ListDelivery, known: set[str]) -> str:
    stays = _("The list before stays in force.") if delivery.source_code in known else _("No list of it is in force.")
    return f"{delivery.source_code}: {delivery.reason} {stays}"


def _old_words(each: ListHealth) -> str:
    return _("%(list)s is %(days)s days old; a list older than %(limit)s days may miss a party.") % {
        "list": each.snapshot,
        "days": each.age_days,
        "limit": STALE_AFTER_DAYS,
    }


def list_blockers() -> list[ScreeningBlocker]:
    """No list in force, one that is too old, or a change of a list that not everybody was matched against yet."""
    health = list_health()
    if not health:
        return [ScreeningBlocker(_("No screening list is loaded."), _lists_url())]
    return [*old_list_blockers(health), *rescreening_blockers()]


def standing_blockers() -> list[ScreeningBlocker]:
    """What keeps approvals and releases waiting beside the parties' own states: an old list, a change under way."""
    return [*old_list_blockers(list_health()), *rescreening_blockers()]


def old_list_blockers(health: Iterable[ListHealth]) -> list[ScreeningBlocker]:
    """Lists that are too old to rely on."""
    return [ScreeningBlocker(_old_words(each), _lists_url()) for each in health if each.is_blocking]


def rescreening_blockers() -> list[ScreeningBlocker]:
    """Changes of a list that not everybody was matched against yet."""
    return [ScreeningBlocker(_under_way(row), _lists_url()) for row in unfinished()]


def _under_way(row: Rescreening) -> str:
    return _("%(why)s: %(done)s of %(all)s parties are matched against it so far.") % {
        "why": row.purpose,
        "done": row.done_count,
        "all": row.party_count,
    }


def recent_rescreenings() -> QuerySet[Rescreening]:
    """Everybody matched again, newest first."""
    return Rescreening.objects.select_related("snapshot")[:10]


def _lists_url() -> str:
    try:
        return reverse("screening:lists")
    except NoReverseMatch:
        return ""
