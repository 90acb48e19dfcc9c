"""Two days side by side on a page: of an order, or of a question by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.web import acting, actor_of
from procurement.determinations import comparing, queries, shown
from procurement.determinations.comparing import Compared, Days
from procurement.orders.models import Order
from procurement.regimes.dated import LawFault
from procurement.regimes.plain import FactsRefused

_PICK = {"type": "date"}


class DaysForm(forms.Form):
    """The two days to compare."""

    on = forms.DateField(label=_("One day"), widget=forms.DateInput(attrs=_PICK, format="%Y-%m-%d"))
    against = forms.DateField(label=_("Another day"), widget=forms.DateInput(attrs=_PICK, format="%Y-%m-%d"))


@acting(Act.SEE_REVIEW)
@require_GET
def of_order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The determinations of an order that stand, on two days."""
    order = get_object_or_404(Order, pk=order_id)
    rows = queries.current_of_order(actor_of(request), order_id)
    form, days = _days(request, [row.regime for row in rows], max((row.on for row in rows), default=None))
    found = _found(form, lambda: comparing.of_order(rows, days) if days else [])
    context = {"reference": order.reference, "back": reverse("determinations:of_order", args=[order.pk])}
    return _page(request, form, days, found, context)


@acting(Act.SEE_REVIEW)
@require_GET
def of_question(request: HttpRequest, question_id: uuid.UUID) -> HttpResponse:
    """A question by hand, on two days."""
    row = get_object_or_404(queries.ad_hoc_visible_to(actor_of(request)), pk=question_id)
    held = shown.days_of(row)
    form, days = _days(request, list(held), max(held.values(), default=None))
    found = _found(form, lambda: comparing.of_question(row, days) if days else [])
    context = {
        "reference": shown.chip_name(row.inputs["facts"]["item"]["chip"]),
        "back": reverse("determinations:answer", args=[row.pk]),
    }
    return _page(request, form, days, found, context)


def _days(request: HttpRequest, regimes: Sequence[str], last: date | None) -> tuple[DaysForm, Days | None]:
    """The days asked for; without any, the day of the determination and the last day before it that changed the law."""
    given = request.GET if "on" in request.GET or "against" in request.GET else None
    if given is None and last is not None:
        given = {"on": str(comparing.day_before_last_change(regimes, last)), "against": str(last)}  # type: ignore[assignment]
    form = DaysForm(given)
    if not form.is_valid():
        return form, None
    return form, Days(form.cleaned_data["on"], form.cleaned_data["against"])


def _found(form: DaysForm, compute: Callable[[], list[Compared]]) -> list[Compared]:
    """Both answers; a stored fact that this program cannot read is said on the form."""
    try:
        return compute()
    except (LawFault, FactsRefused) as fault:
        form.add_error(None, str(fault))
        return []


def _page(
    request: HttpRequest, form: DaysForm, days: Days | None, found: list[Compared], context: dict[str, Any]
) -> HttpResponse:
    context |= {
        "form": form,
        "days": days,
        "edges": days.edges([each.regime for each in found]) if days else (),
        "pairs": [each.shown() for each in found],
    }
    return render(request, "determinations/compare.html", context, status=422 if form.errors else 200)
