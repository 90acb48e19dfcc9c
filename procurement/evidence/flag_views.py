"""The red-flag checklist of an order on its page."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from procurement.evidence import flag_services, flag_shown
from procurement.evidence.forms import FlagForm
from procurement.evidence.models import FlagAnswer
from procurement.evidence.red_flags import flags_of
from procurement.orders import queries as orders
from procurement.orders.models import Order


def _order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    return get_object_or_404(orders.visible_to(actor_of(request)).select_related("team", "site"), pk=order_id)


@acting(Act.SEE_REVIEW)
@require_GET
def flags(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The red flags of an order: a page, or the part that the order's page and the case take in."""
    order, actor = _order(request, order_id), actor_of(request)
    if getattr(request, "htmx", False):
        return render(request, "evidence/_flags.html", flag_shown.flags_part(order, actor))
    return _page(request, order)


def _page(request: HttpRequest, order: Order, form: FlagForm | None = None) -> HttpResponse:
    show = flag_shown.ALL if form else request.GET.get("show", flag_shown.SEEN)
    context = flag_shown.flags_page(order, actor_of(request), show, form)
    return render(request, "evidence/flags.html", context, status=422 if form else 200)


@acting(Act.REVIEW_CASE)
@require_POST
def answer(request: HttpRequest, order_id: uuid.UUID, code: str) -> HttpResponse:
    """Answer one flag."""
    order, actor = _order(request, order_id), actor_of(request)
    found = next((each for each in flags_of(order) if each.flag.id == code), None)
    if found is None:
        raise Http404
    form = FlagForm(request.POST, code=code, was_seen=bool(found.seen or found.raised))
    if form.is_valid():
        said = FlagAnswer(form.cleaned_data["answer"])

        def act() -> None:
            reason = form.cleaned_data["reason"]
            flag_services.answer_flag(actor=actor, order=order, code=code, answer=said, reason=reason)

        if try_act(request, act, done=_("Answered, with your name and the time."), form=form):
            return see_other(f"{reverse('evidence:flags', args=[order.pk])}#{code}")
    return _page(request, order, form)


@acting(Act.REVIEW_CASE)
@require_POST
def answer_rest(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Answer every flag that was neither seen nor answered: looked for, not seen."""
    order, actor = _order(request, order_id), actor_of(request)
    done = _("Answered: looked for and not seen.")
    try_act(request, lambda: flag_services.answer_rest_not_seen(actor=actor, order=order), done=done)
    return see_other(reverse("evidence:flags", args=[order.pk]))
