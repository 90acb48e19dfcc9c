"""How long records are kept, on pages: legal holds placed and lifted, and licences' own terms."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from procurement.licences import queries as licences
from procurement.licences.models import Licence
from procurement.records import queries, services, shown, terms
from procurement.records.forms import DiversionForm, HoldForm, ReasonForm, TermForm
from procurement.records.models import LegalHold, RecordTerm
from procurement.records.queries import Kept


@acting(Act.SEE_OWN_WORK)
@require_GET
def of(request: HttpRequest, kind: str, subject_id: uuid.UUID) -> HttpResponse:
    """How long the records of an order, filing or case are kept: a page, or the part that their pages take in."""
    kept = queries.find(actor_of(request), kind, subject_id)
    if getattr(request, "htmx", False):
        return render(request, "records/_records.html", shown.page(kept, actor_of(request)))
    return _page(request, kept)


def _page(request: HttpRequest, kept: Kept, forms: dict[str, Any] | None = None) -> HttpResponse:
    context = shown.page(kept, actor_of(request), forms)
    return render(request, "records/records.html", context, status=422 if forms else 200)


@acting(Act.KEEP_RECORDS)
@require_POST
def place(request: HttpRequest, kind: str, subject_id: uuid.UUID) -> HttpResponse:
    """Place a legal hold."""
    actor = actor_of(request)
    kept, form = queries.find(actor, kind, subject_id), HoldForm(request.POST)
    if form.is_valid():

        def act() -> None:
            services.place_hold(actor=actor, kind=kind, subject_id=subject_id, matter=form.matter_said())

        if try_act(request, act, done=_("Held: nothing of its records is destroyed while it stands."), form=form):
            return see_other(reverse("records:of", args=[kind, subject_id]))
    return _page(request, kept, {"hold": form})


@acting(Act.KEEP_RECORDS)
@require_POST
def diverted(request: HttpRequest, kind: str, subject_id: uuid.UUID) -> HttpResponse:
    """Put a known reexport, transshipment or diversion on record."""
    actor = actor_of(request)
    kept, form = queries.find(actor, kind, subject_id), DiversionForm(request.POST, auto_id="id_diversion_%s")
    if form.is_valid():

        def act() -> None:
            services.record_diversion(actor=actor, kept=kept, known=form.known())

        if try_act(request, act, done=_("On record: years are counted from it where it is the latest day."), form=form):
            return see_other(reverse("records:of", args=[kind, subject_id]))
    return _page(request, kept, {"diversion": form})


@acting(Act.KEEP_RECORDS)
@require_POST
def propose_lift(request: HttpRequest, hold_id: uuid.UUID) -> HttpResponse:
    """Propose to lift a hold."""
    done = _("Proposed. The hold stands until a second officer countersigns.")
    return _with_reason(request, hold_id, "lift", services.propose_lift, done)


@acting(Act.KEEP_RECORDS)
@require_POST
def keep(request: HttpRequest, hold_id: uuid.UUID) -> HttpResponse:
    """Take the proposal back: the hold stands."""
    return _with_reason(request, hold_id, "keep", services.keep_hold, _("The hold stands as before."))


@acting(Act.KEEP_RECORDS)
@require_POST
def lift(request: HttpRequest, hold_id: uuid.UUID) -> HttpResponse:
    """Countersign: the hold is lifted."""
    actor, (hold, kept) = actor_of(request), _hold(request, hold_id)
    done = _("Lifted: the years of the rules count again.")
    try_act(request, lambda: services.lift_hold(actor=actor, hold=hold), done=done)
    return see_other(reverse("records:of", args=[kept.kind, kept.row.pk]))


def _hold(request: HttpRequest, hold_id: uuid.UUID) -> tuple[LegalHold, Kept]:
    hold = get_object_or_404(queries.detailed(LegalHold.objects.all()), pk=hold_id)
    kept = queries.kept_by(hold)
    return hold, queries.find(actor_of(request), kept.kind, kept.row.pk)


def _with_reason(
    request: HttpRequest, hold_id: uuid.UUID, name: str, act: Callable[..., Any], done: str
) -> HttpResponse:
    actor, (hold, kept) = actor_of(request), _hold(request, hold_id)
    form = ReasonForm(request.POST, auto_id=f"id_{name}_{hold.pk}_%s")
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        if try_act(request, lambda: act(actor=actor, hold=hold, reason=reason), done=done, form=form):
            return see_other(reverse("records:of", args=[kept.kind, kept.row.pk]))
    return _page(request, kept, {f"{name}-{hold.pk}": form})


@acting(Act.RECORD_LICENCE)
@require_http_methods(["GET", "POST"])
def term(request: HttpRequest, licence_id: uuid.UUID) -> HttpResponse:
    """State how long a licence asks for its records."""
    actor, licence = actor_of(request), _licence(request, licence_id)
    if request.method == "GET":
        return _term_page(request, licence)
    form = TermForm(request.POST, auto_id="id_term_%s")
    if form.is_valid():

        def act() -> None:
            reason = form.cleaned_data["reason"]
            terms.state_term(actor=actor, licence=licence, term=form.term(), reason=reason)

        done = _("Kept on record. A shorter term than before waits for a second officer.")
        if try_act(request, act, done=done, form=form):
            return see_other(_licence_page(licence))
    return _term_page(request, licence, form)


def _term_page(request: HttpRequest, licence: Licence, form: TermForm | None = None) -> HttpResponse:
    context = {"term": shown.of_licence(licence, actor_of(request), form)}
    return render(request, "records/term.html", context, status=422 if form else 200)


@acting(Act.RECORD_LICENCE)
@require_POST
def sign_term(request: HttpRequest, licence_id: uuid.UUID) -> HttpResponse:
    """Countersign a shorter term."""
    actor, licence = actor_of(request), _licence(request, licence_id)
    row = _waiting(licence)
    try_act(request, lambda: terms.countersign_term(actor=actor, term=row), done=_("Countersigned: it counts now."))
    return see_other(_licence_page(licence))


@acting(Act.RECORD_LICENCE)
@require_POST
def withdraw_term(request: HttpRequest, licence_id: uuid.UUID) -> HttpResponse:
    """Take a proposed term back, or turn it down."""
    actor, licence = actor_of(request), _licence(request, licence_id)
    row, form = _waiting(licence), ReasonForm(request.POST)
    said = form.cleaned_data["reason"] if form.is_valid() else ""
    done = _("Withdrawn: the former term counts on.")
    try_act(request, lambda: terms.withdraw_term(actor=actor, term=row, reason=said), done=done)
    return see_other(_licence_page(licence))


def _licence(request: HttpRequest, licence_id: uuid.UUID) -> Licence:
    return get_object_or_404(licences.detailed(actor_of(request)), pk=licence_id)


def _waiting(licence: Licence) -> RecordTerm:
    row = queries.open_term(licence)
    if row is None:
        raise Http404(_("No record term waits for a signature on this licence."))
    return row


def _licence_page(licence: Licence) -> str:
    return f"{reverse('licences:detail', args=[licence.reference])}#records"
