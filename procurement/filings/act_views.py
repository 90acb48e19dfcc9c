"""Officers' acts on an approved filing: suspend it at once; revoke or reinstate it by two."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from procurement.filings import acts, queries
from procurement.filings.forms import ActReasonForm, SuspendForm
from procurement.filings.models import Filing, FilingAct
from procurement.filings.states import FilingAction
from procurement.filings.views import show


def _filing(request: HttpRequest, filing_id: uuid.UUID) -> Filing:
    return get_object_or_404(queries.visible_to(actor_of(request)), pk=filing_id)


def _waiting(filing: Filing) -> FilingAct:
    act = acts.open_act(filing)
    if act is None:
        raise Http404(_("No proposal waits for a signature on this filing."))
    return act


def _do(
    request: HttpRequest, filing: Filing, name: str, form: Any, act: Callable[[], object], done: str
) -> HttpResponse:
    """Do an act with what was typed; on a refusal the page comes again with it (422)."""
    if form.is_valid() and try_act(request, act, done=done, form=form):
        part = "#drain" if name == "suspend_form" else ""
        return see_other(reverse("filings:detail", args=[filing.pk]) + part)
    return show(request, filing.pk, **{name: form})


@acting(Act.REVIEW_CASE)
@require_POST
def suspend(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Suspend at once."""
    filing, actor, form = _filing(request, filing_id), actor_of(request), SuspendForm(request.POST, prefix="suspend")

    def act() -> None:
        acts.suspend_filing(actor=actor, filing=filing, **form.cleaned_data)

    return _do(request, filing, "suspend_form", form, act, _("Suspended. What runs under it stops now."))


@acting(Act.REVIEW_CASE)
@require_POST
def revoke(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Propose to revoke the decision."""
    return _propose(request, filing_id, FilingAction.REVOKE, "revoke")


@acting(Act.REVIEW_CASE)
@require_POST
def reinstate(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Propose to reinstate."""
    return _propose(request, filing_id, FilingAction.REINSTATE, "reinstate")


def _propose(request: HttpRequest, filing_id: uuid.UUID, action: FilingAction, name: str) -> HttpResponse:
    filing, actor, form = _filing(request, filing_id), actor_of(request), ActReasonForm(request.POST, prefix=name)

    def act() -> None:
        acts.propose_filing_act(actor=actor, filing=filing, action=action, **form.cleaned_data)

    done = _("Proposed. It takes effect when a second officer countersigns.")
    return _do(request, filing, f"{name}_form", form, act, done)


@acting(Act.REVIEW_CASE)
@require_POST
def countersign(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Sign the proposal as the second person."""
    filing, actor = _filing(request, filing_id), actor_of(request)
    act = _waiting(filing)
    done = _("Countersigned: it is in effect.")
    try_act(request, lambda: acts.countersign_filing_act(actor=actor, act=act), done=done)
    return see_other(reverse("filings:detail", args=[filing.pk]))


@acting(Act.REVIEW_CASE)
@require_POST
def withdraw(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Take the proposal back, or turn it down."""
    filing, actor = _filing(request, filing_id), actor_of(request)
    waiting, form = _waiting(filing), ActReasonForm(request.POST, prefix="turn_down")

    def act() -> None:
        acts.withdraw_filing_act(actor=actor, act=waiting, **form.cleaned_data)

    return _do(request, filing, "turn_down_form", form, act, _("Withdrawn; nothing has changed on the filing."))
