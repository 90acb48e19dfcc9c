"""Screening on pages: the queue of hits, a hit side by side, decisions, searches, and the health of the lists."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.web import Listing, acting, actor_of, see_other, show_list, try_act
from procurement.parties.models import Party
from procurement.screening import health, queries, services
from procurement.screening.decision_services import countersign_release, decide_hit
from procurement.screening.filters import HitFilter
from procurement.screening.forms import DecideForm, RescreenForm, SearchForm
from procurement.screening.models import AdHocSearch, Hit, HitState
from procurement.screening.ownership import ownership_blockers, reasons, trees
from procurement.screening.shown import shown_hit

TABS: Final = (
    ("open", gettext_lazy("To decide")),
    ("releases", gettext_lazy("To countersign")),
    ("true_match", gettext_lazy("True matches")),
    ("false_positive", gettext_lazy("False positives")),
    ("released", gettext_lazy("Released")),
)
HITS: Final = Listing(
    filterset=HitFilter,
    template="screening/queue.html",
    part="hits",
    columns=(
        ("party", lambda row: row.party.name),
        ("listed", lambda row: row.entry.name),
        ("list", lambda row: row.entry.list_authority),
        ("score", lambda row: row.score),
        ("state", lambda row: row.state),
        ("found_at", lambda row: row.found_at.isoformat()),
    ),
)


@acting(Act.SEE_SCREENING)
@require_GET
def queue(request: HttpRequest) -> HttpResponseBase:
    """Hits that need a person, the most alike first."""
    actor = actor_of(request)
    here = request.GET.get("tab", "open")
    counts = queries.queue_counts(actor)
    tabs = [
        {"label": label, "url": f"?tab={name}", "is_here": name == here, "count": counts.get(name, 0)}
        for name, label in TABS
    ]
    context = {"tabs": tabs, "tab": here, "health": health.list_health(), "may_search": actor.may(Act.SCREEN_AD_HOC)}
    return show_list(request, queries.queue(actor, here), HITS, context)


@acting(Act.SEE_SCREENING)
@require_GET
def hit(request: HttpRequest, hit_id: uuid.UUID) -> HttpResponse:
    """One hit: the party beside the listed one, what was decided, and the decision asked for."""
    return _hit_page(request, _found(request, hit_id))


@acting(Act.DECIDE_HIT)
@require_POST
def decide(request: HttpRequest, hit_id: uuid.UUID) -> HttpResponseBase:
    """Dismiss, confirm, or propose a release."""
    found = _found(request, hit_id)
    form = DecideForm(request.POST, hit=found)
    if form.is_valid():
        typed = form.cleaned_data
        done = try_act(
            request,
            lambda: decide_hit(
                actor=actor_of(request),
                hit_id=found.pk,
                outcome=HitState(typed["outcome"]),
                reason=typed["reason"],
                evidence_sha256=typed["evidence_sha256"],
            ),
            done=_("Decided and recorded."),
            form=form,
        )
        if done:
            return see_other(reverse("screening:hit", args=[found.pk]))
    return _hit_page(request, found, form=form, status=422)


@acting(Act.DECIDE_HIT)
@require_POST
def countersign(request: HttpRequest, hit_id: uuid.UUID) -> HttpResponseBase:
    """Release a true match as the second officer."""
    found = _found(request, hit_id)
    proposal = queries.pending_release(found)
    if proposal is None:
        messages.error(request, _("No release waits for a countersignature: somebody was faster."))
    else:
        try_act(
            request,
            lambda: countersign_release(actor=actor_of(request), decision_id=proposal.pk),
            done=_("Released: the party may go on."),
        )
    return see_other(reverse("screening:hit", args=[found.pk]))


@acting(Act.SCREEN_AD_HOC)
@require_http_methods(["GET", "POST"])
def search(request: HttpRequest) -> HttpResponseBase:
    """Look a name up; the search is logged before its result is shown."""
    form = SearchForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made: list[services.SearchResult] = []
        done = try_act(
            request,
            lambda: made.append(services.search(actor=actor_of(request), **form.cleaned_data)),
            done=_("Searched and logged."),
            form=form,
        )
        if done:
            return see_other(reverse("screening:found", args=[made[0].search_id]))
    context = {"form": form, "searches": queries.recent_searches(), "health": health.list_health()}
    return render(request, "screening/search.html", context, status=422 if form.errors else 200)


@acting(Act.SCREEN_AD_HOC)
@require_GET
def found(request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
    """What a logged search finds in the lists of now."""
    row = get_object_or_404(AdHocSearch.objects.select_related("membership__person"), pk=search_id)
    result = services.repeat_search(row)
    return render(request, "screening/found.html", {"search": row, "result": result, "health": health.list_health()})


@acting(Act.SEE_SCREENING)
@require_GET
def party(request: HttpRequest, party_id: uuid.UUID) -> HttpResponse:
    """One party: its hits that stand, and every time it was screened."""
    return _party_page(request, party_id, RescreenForm())


@acting(Act.DECIDE_HIT)
@require_POST
def rescreen(request: HttpRequest, party_id: uuid.UUID) -> HttpResponseBase:
    """Screen one party again, by hand."""
    subject = get_object_or_404(Party, pk=party_id)
    form = RescreenForm(request.POST)
    if form.is_valid() and try_act(
        request,
        lambda: services.screen_party(actor=actor_of(request), party=subject, purpose=form.cleaned_data["purpose"]),
        done=_("Screened again."),
        form=form,
    ):
        return see_other(reverse("screening:party", args=[party_id]))
    return _party_page(request, party_id, form, status=422)


@acting(Act.SEE_SCREENING)
@require_GET
def of(request: HttpRequest, kind: str, subject_id: uuid.UUID) -> HttpResponse:
    """The screening of everybody in an order or a filing, for the case page and as a page of its own."""
    parties = list(queries.parties_of(kind, subject_id))
    standing = queries.hits_of_parties(actor_of(request), [each.pk for each in parties])
    context = {
        "parties": parties,
        "hits": [shown_hit(each) for each in standing],
        "health": health.list_health(),
        "reasons": ownership_blockers(queries.roots_of(kind, subject_id), timezone.now().date()),
    }
    is_part = bool(getattr(request, "htmx", False))
    return render(request, "screening/_of.html" if is_part else "screening/of.html", context)


def _found(request: HttpRequest, hit_id: uuid.UUID) -> Hit:
    return get_object_or_404(queries.hits_visible_to(actor_of(request)), pk=hit_id)


def _hit_page(request: HttpRequest, found: Hit, *, form: Form | None = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    proposal = queries.pending_release(found)
    may_decide = actor.may(Act.DECIDE_HIT)
    is_other_person = proposal is not None and proposal.decider_person_id != actor.person.pk
    context: dict[str, Any] = {
        "shown": shown_hit(found),
        "decisions": queries.decisions_of(found),
        "proposal": proposal,
        "may_countersign": may_decide and is_other_person,
        "form": (form or DecideForm(hit=found)) if may_decide and proposal is None else None,
    }
    return render(request, "screening/hit.html", context, status=status)


def _day(request: HttpRequest) -> date:
    """The day on which owners are asked for; today where none, or none that is a day, is given."""
    try:
        return date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        return timezone.now().date()


def _party_page(request: HttpRequest, party_id: uuid.UUID, form: Form, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    subject = get_object_or_404(Party.objects.prefetch_related("names"), pk=party_id)
    hits = [shown_hit(each) for each in queries.hits_of_parties(actor, [subject.pk])]
    [tree] = trees([subject], _day(request))
    context = {
        "party": subject,
        "hits": hits,
        "runs": subject.screening_runs.order_by("-run_at")[:20],
        "form": form if actor.may(Act.DECIDE_HIT) else None,
        "tree": tree,
        "reasons": reasons(tree),
    }
    return render(request, "screening/party.html", context, status=status)
