"""Certifications of an order on pages: file a piece, look at it, accept, return, withdraw."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from ledger.documents import attachments_of
from procurement.downloads import download
from procurement.evidence import queries, services, shown
from procurement.evidence.forms import ReasonForm
from procurement.evidence.models import Evidence
from procurement.evidence.standing import Piece, Standing, standing_of
from procurement.orders import queries as orders
from procurement.orders.models import Order


def _order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    rows = orders.visible_to(actor_of(request)).select_related("team", "site")
    return get_object_or_404(rows, pk=order_id)


@acting(Act.SEE_OWN_WORK)
@require_GET
def of_order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The certifications of an order: a page, or the part that the order's page and the case take in."""
    order, actor = _order(request, order_id), actor_of(request)
    if getattr(request, "htmx", False):
        return render(request, "evidence/_order.html", shown.summary(order, actor))
    return _page(request, order)


def _page(request: HttpRequest, order: Order, forms: dict[str, Any] | None = None) -> HttpResponse:
    context = shown.page(order, actor_of(request), forms)
    return render(request, "evidence/order.html", context, status=422 if forms else 200)


@acting(Act.FILE_EVIDENCE)
@require_POST
def file(request: HttpRequest, order_id: uuid.UUID, piece: str) -> HttpResponse:
    """File one piece of one certification."""
    order, actor = _order(request, order_id), actor_of(request)
    form = shown.piece_form(*_named(order, piece), request.POST, request.FILES)
    if form.is_valid():

        def keep() -> None:
            services.file_evidence(actor=actor, order=order, submission=form.submission())

        if try_act(request, keep, done=_("Filed. A compliance officer looks at it."), form=form):
            return see_other(f"{reverse('evidence:order', args=[order.pk])}#piece-{piece}")
    return _page(request, order, {piece: form})


def _named(order: Order, key: str) -> tuple[Standing, Piece]:
    """The piece that an address names, among those that the order asks for."""
    for standing in standing_of(order, timezone.now().date()):
        for piece in standing.pieces:
            if shown.piece_key(standing, piece) == key:
                return standing, piece
    raise Http404


@acting(Act.ACCEPT_EVIDENCE)
@require_POST
def accept(request: HttpRequest, evidence_id: uuid.UUID) -> HttpResponse:
    """Accept a piece."""
    actor, row = actor_of(request), _row(request, evidence_id)
    done = _("Accepted. Determine the order again to show it there.")
    try_act(request, lambda: services.accept_evidence(actor=actor, evidence=row), done=done)
    return see_other(reverse("evidence:order", args=[row.order_id]))


@acting(Act.ACCEPT_EVIDENCE)
@require_POST
def return_(request: HttpRequest, evidence_id: uuid.UUID) -> HttpResponse:
    """Return a piece with the reason."""
    return _with_reason(request, evidence_id, "return", services.return_evidence, _("Returned with your reason."))


@acting(Act.FILE_EVIDENCE, Act.ACCEPT_EVIDENCE)
@require_POST
def withdraw(request: HttpRequest, evidence_id: uuid.UUID) -> HttpResponse:
    """Withdraw a piece; it counts no more."""
    done = _("Withdrawn: it counts no more.")
    return _with_reason(request, evidence_id, "withdraw", services.withdraw_evidence, done)


def _with_reason(
    request: HttpRequest, evidence_id: uuid.UUID, name: str, act: Callable[..., Any], done: str
) -> HttpResponse:
    actor, row = actor_of(request), _row(request, evidence_id)
    form = ReasonForm(request.POST, auto_id=f"id_{name}_{row.pk}_%s")
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        if try_act(request, lambda: act(actor=actor, evidence=row, reason=reason), done=done, form=form):
            return see_other(reverse("evidence:order", args=[row.order_id]))
    return _page(request, _order(request, row.order_id), {f"{name}-{row.pk}": form})


def _row(request: HttpRequest, evidence_id: uuid.UUID) -> Evidence:
    return get_object_or_404(queries.on_visible_orders(actor_of(request)), pk=evidence_id)


@acting(Act.SEE_OWN_WORK)
@require_GET
def document(request: HttpRequest, evidence_id: uuid.UUID, attachment_id: uuid.UUID) -> HttpResponse:
    """A document of a piece that one may see."""
    row = get_object_or_404(queries.visible_to(actor_of(request)), pk=evidence_id)
    return download(get_object_or_404(attachments_of(row), pk=attachment_id))
