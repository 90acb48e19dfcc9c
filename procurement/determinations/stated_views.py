"""The page on which an officer states what other countries' rules turn on; the order is determined again at once."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from procurement.determinations.facts import facts_of_order
from procurement.determinations.stated import stated_before
from procurement.determinations.stated_forms import StatedForm
from procurement.determinations.stated_services import state_facts
from procurement.orders.models import Order
from procurement.regimes.registry import regimes_for


@acting(Act.REVIEW_CASE)
@require_http_methods(["GET", "POST"])
def state(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """What is stated of an order; what is stated now is kept with the new determinations."""
    actor = actor_of(request)
    order = get_object_or_404(Order, pk=order_id)
    regimes = [each.id for each in regimes_for(*facts_of_order(order))]
    given = request.POST if request.method == "POST" else None
    form = StatedForm(given, regimes=regimes, stated=stated_before(order))

    def act() -> None:
        state_facts(actor=actor, order=order, stated=form.stated())

    done = f"Stated, and {order.reference} was determined again."
    if given is not None and form.is_valid() and try_act(request, act, done=done, form=form):
        return see_other(reverse("determinations:of_order", args=[order.pk]))
    context = {"order": order, "form": form, "cancel": reverse("determinations:of_order", args=[order.pk])}
    return render(request, "determinations/state.html", context, status=200 if given is None else 422)
