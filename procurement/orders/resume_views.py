"""The door by which two officers let a stopped order go on."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from procurement.orders import resuming
from procurement.orders.forms import ResumeForm
from procurement.orders.models import Order, Resumption
from procurement.orders.views import order_of, show


def _back(order: Order) -> HttpResponse:
    return see_other(reverse("orders:detail", args=[order.reference]))


def _waiting(order: Order) -> Resumption:
    act = resuming.open_resumption(order)
    if act is None:
        raise Http404(_("No proposal waits for a signature on this order."))
    return act


@acting(Act.DECIDE_HIT)
@require_POST
def propose(request: HttpRequest, key: str) -> HttpResponse:
    """Propose that the order goes back into review."""
    order, actor, form = order_of(request, key), actor_of(request), ResumeForm(request.POST, auto_id="id_resume_%s")
    if form.is_valid() and try_act(
        request,
        lambda: resuming.propose_resumption(actor=actor, order=order, **form.cleaned_data),
        done=_("Proposed. It goes back into review when a second officer countersigns."),
        form=form,
    ):
        return _back(order)
    return show(request, key, resume_form=form)


@acting(Act.DECIDE_HIT)
@require_POST
def countersign(request: HttpRequest, key: str) -> HttpResponse:
    """Sign the proposal as the second person."""
    order, actor = order_of(request, key), actor_of(request)
    act = _waiting(order)
    done = _("Countersigned: the order is in review again.")
    try_act(request, lambda: resuming.countersign_resumption(actor=actor, act=act), done=done)
    return _back(order)


@acting(Act.DECIDE_HIT)
@require_POST
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """Take the proposal back, or turn it down."""
    order, actor = order_of(request, key), actor_of(request)
    act, form = _waiting(order), ResumeForm(request.POST, auto_id="id_resume_withdraw_%s")
    if form.is_valid() and try_act(
        request,
        lambda: resuming.withdraw_resumption(actor=actor, act=act, **form.cleaned_data),
        done=_("Withdrawn; the order stays stopped."),
        form=form,
    ):
        return _back(order)
    return show(request, key, withdraw_resume_form=form)
