"""Determinations on pages: an order's, one in full, and questions by hand."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from procurement.determinations import queries, services, shown
from procurement.determinations.forms import QuestionForm
from procurement.orders.models import Order


@acting(Act.SEE_REVIEW)
@require_GET
def of_order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """What each regime says of an order: a page, or the part that a case page takes in."""
    actor = actor_of(request)
    order = get_object_or_404(Order, pk=order_id)
    trees = [shown.stored(row) for row in queries.current_of_order(actor, order_id)]
    is_part = bool(getattr(request, "htmx", False))
    context = {
        "order": order,
        "trees": trees,
        "former": queries.former_of_order(actor, order_id),
        "may_redo": actor.may(Act.REVIEW_CASE),
    }
    return render(request, "determinations/_order.html" if is_part else "determinations/order.html", context)


@acting(Act.SEE_REVIEW)
@require_GET
def detail(request: HttpRequest, determination_id: uuid.UUID) -> HttpResponse:
    """One stored determination in full, printable, with its inputs and its replay."""
    row = get_object_or_404(queries.visible_to(actor_of(request)), pk=determination_id)
    return render(request, "determinations/detail.html", shown.stored_page(row))


@acting(Act.REVIEW_CASE)
@require_POST
def again(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Determine an order again, as of today and as its facts stand now."""
    actor = actor_of(request)
    order = get_object_or_404(Order, pk=order_id)
    try_act(
        request,
        lambda: services.determine_order(actor=actor, order=order),
        done=f"{order.reference} was determined again.",
    )
    return see_other(reverse("determinations:of_order", args=[order.pk]))


@acting(Act.DETERMINE_AD_HOC)
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask about a transaction that is no order; logged with person and purpose."""
    actor = actor_of(request)
    if request.method == "GET":
        first = {"origin": "US", "chip": request.GET.get("chip", "h200-sxm")}
        return _question(request, QuestionForm(initial=first))
    form = QuestionForm(request.POST)
    made: list[uuid.UUID] = []

    def act() -> None:
        purpose = form.cleaned_data["purpose"]
        rows = services.determine_ad_hoc(actor=actor, asked=[form.asked()], purpose=purpose)
        made.extend(row.pk for row, _answer in rows)

    if not form.is_valid() or not try_act(request, act, done="Determined, and kept on record.", form=form):
        return _question(request, form, status=422)
    return see_other(reverse("determinations:answer", args=[made[0]]))


@acting(Act.SEE_REVIEW)
@require_GET
def answer(request: HttpRequest, question_id: uuid.UUID) -> HttpResponse:
    """What was answered to a question by hand."""
    row = get_object_or_404(queries.ad_hoc_visible_to(actor_of(request)), pk=question_id)
    context = {"row": row, "trees": shown.asked(row), "published": row.outcome}
    return render(request, "determinations/answer.html", context)


def _question(request: HttpRequest, form: QuestionForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "recent": queries.recent_ad_hoc(actor_of(request))}
    return render(request, "determinations/ask.html", context, status=status)
