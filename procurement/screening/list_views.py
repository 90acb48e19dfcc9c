"""The health of the lists on a page, an officer's word on an old one, and how right past hits were."""

from __future__ import annotations

import uuid
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from procurement.screening import health, precision
from procurement.screening.fetching import official_addresses
from procurement.screening.forms import AcceptOldListForm
from procurement.screening.list_services import accept_old_list
from procurement.screening.models import ListSnapshot


@acting(Act.SEE_SCREENING)
@require_GET
def lists(request: HttpRequest) -> HttpResponse:
    """The lists in force: how old, how large, what came last, what is wrong, and who is still to be matched."""
    return _lists_page(request)


@acting(Act.DECIDE_HIT)
@require_POST
def accept_old(request: HttpRequest, snapshot_id: uuid.UUID) -> HttpResponseBase:
    """Let work go on with a list that is too old."""
    snapshot = get_object_or_404(ListSnapshot, pk=snapshot_id)
    form = AcceptOldListForm(request.POST)
    if form.is_valid() and try_act(
        request,
        lambda: accept_old_list(actor=actor_of(request), snapshot=snapshot, **form.cleaned_data),
        done=_("Put on record: work goes on with this list until that day."),
        form=form,
    ):
        return see_other(reverse("screening:lists"))
    return _lists_page(request, form=form, snapshot=snapshot, status=422)


@acting(Act.SEE_SCREENING)
@require_GET
def precision_page(request: HttpRequest) -> HttpResponse:
    """How right past hits were, by list and threshold."""
    context = {"rows": precision.precision_by_list(actor_of(request)), "threshold": precision.shipped_threshold()}
    return render(request, "screening/precision.html", context)


@acting(Act.SEE_SCREENING)
@require_GET
def precision_figures(request: HttpRequest) -> JsonResponse:
    """The curves of the page, as JSON."""
    return JsonResponse(precision.figures(actor_of(request)))


def _lists_page(
    request: HttpRequest, *, form: Form | None = None, snapshot: ListSnapshot | None = None, status: int = 200
) -> HttpResponse:
    found = health.list_health()
    may_accept = actor_of(request).may(Act.DECIDE_HIT)
    blocking = [each for each in found if each.is_blocking]
    forms: list[tuple[health.ListHealth, Form]] = [
        (each, form if form is not None and snapshot == each.snapshot else AcceptOldListForm())
        for each in (blocking if may_accept else [])
    ]
    context: dict[str, Any] = {
        "health": found,
        "alerts": health.list_alerts(),
        "deliveries": health.recent_deliveries(),
        "rescreenings": health.recent_rescreenings(),
        "sources": official_addresses(),
        "forms": forms,
    }
    return render(request, "screening/lists.html", context, status=status)
