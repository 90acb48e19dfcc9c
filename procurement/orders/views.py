"""Orders on pages."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.states_shown import tabs_by_state
from accounts.web import Listing, acting, actor_of, see_other, show_list, try_act
from ledger.documents import Upload, attachments_of
from ledger.errors import DomainError, InvalidInput
from procurement.downloads import download
from procurement.orders import drafts, queries, services, shipments, shown
from procurement.orders.filters import OrderFilter
from procurement.orders.forms import (
    SECTIONS,
    BasisForm,
    DemandForm,
    DocumentForm,
    ReasonForm,
    ReceiptForm,
    ReleaseForm,
)
from procurement.orders.models import EndUse, Order
from procurement.orders.shipments import Arrival
from procurement.orders.states import OrderState

ORDERS: Final = Listing(
    filterset=OrderFilter,
    template="orders/list.html",
    part="orders",
    columns=(
        ("order", lambda row: row.reference),
        ("team", lambda row: str(row.team)),
        ("site", lambda row: row.site.name),
        ("units", lambda row: row.units),
        ("received", lambda row: row.received),
        ("state", lambda row: row.state),
        ("due_at", lambda row: row.due_at.isoformat() if row.due_at else ""),
    ),
)


def order_of(request: HttpRequest, key: str) -> Order:
    """The order of a reference or id, if it is there for this person."""
    return get_object_or_404(queries.detailed(actor_of(request)), **_by(key))


def _by(key: str) -> dict[str, Any]:
    try:
        return {"pk": uuid.UUID(key)}
    except ValueError:
        return {"reference": key}


def _detail(order: Order | str) -> str:
    return reverse("orders:detail", args=[order if isinstance(order, str) else order.reference])


@acting(Act.SEE_OWN_WORK)
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """The orders that one may see, due first."""
    actor = actor_of(request)
    here = request.GET.get("state", "")
    context = {
        "may_order": actor.may(Act.PLACE_ORDER),
        "tabs": tabs_by_state(queries.visible_to(actor), OrderState, reverse("orders:list"), here),
    }
    return show_list(request, queries.listed(actor), ORDERS, context)


@acting(Act.STATE_DEMAND)
@require_http_methods(["GET", "POST"])
def new_demand(request: HttpRequest) -> HttpResponse:
    """State a demand."""
    actor, form = actor_of(request), DemandForm(request.POST or None)
    if form.is_valid() and try_act(
        request,
        lambda: drafts.state_demand(actor=actor, demand=form.demand()),
        done=_("Stated. Now start the order that meets it."),
        form=form,
    ):
        return see_other(reverse("orders:new"))
    return render(request, "orders/demand.html", {"form": form}, status=422 if form.errors else 200)


@acting(Act.PLACE_ORDER)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Start an order: its demand, its site and its end use; the rest follows as a task list."""
    actor = actor_of(request)
    form = BasisForm(request.POST or None, actor=actor)
    made: list[Order] = []
    if form.is_valid() and try_act(
        request,
        lambda: made.append(drafts.create_order(actor=actor, facts=_basis(form))),
        done=_("Saved as a draft. Fill in what is still to do, in any sequence."),
        form=form,
    ):
        return see_other(reverse("orders:edit", args=[made[0].reference]))
    has_demand = queries.demands_visible_to(actor).filter(withdrawn_at=None).exists()
    context = {"form": form, "has_demand": has_demand}
    return render(request, "orders/new.html", context, status=422 if form.errors else 200)


def _basis(form: BasisForm) -> drafts.OrderFacts:
    said = form.cleaned_data
    return drafts.OrderFacts(demand=said["demand"], site=said["site"], end_use=EndUse(said["end_use"]))


@acting(Act.PLACE_ORDER)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str) -> HttpResponse:
    """A draft as a task list; each section is saved by itself, and as it is typed."""
    order = order_of(request, key)
    if order.state != OrderState.DRAFT:
        return see_other(_detail(order))
    name = request.POST.get("section", "")
    section = SECTIONS[name][1](request.POST, actor=actor_of(request), order=order) if name in SECTIONS else None
    saved = section is not None and section.is_valid() and _save(request, order, section)
    if request.htmx:  # type: ignore[attr-defined]
        part = {"tasks": shown.tasks(order_of(request, key)), "section": section, "saved": saved, "name": name}
        return render(request, "orders/_saved.html", part)
    if saved:
        return see_other(f"{reverse('orders:edit', args=[order.reference])}#{name}")
    context = {"order": order, "tasks": shown.tasks(order), "sections": _sections(request, order, name, section)}
    return render(request, "orders/edit.html", context, status=422 if section is not None else 200)


def _save(request: HttpRequest, order: Order, section: Any) -> bool:
    """Save one section; what does not fit is said on the section itself, silently where it is saved as typed."""
    try:
        drafts.update_order(actor=actor_of(request), order=order, changes=section.changes())
    except InvalidInput as refusal:
        section.add_error(refusal.field if refusal.field in section.fields else None, refusal.message)
        return False
    except DomainError as refusal:
        section.add_error(None, refusal.message)
        return False
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, _("Saved."))
    return True


def _sections(request: HttpRequest, order: Order, name: str, typed: Any) -> list[dict[str, Any]]:
    """Every section with what is stored, and the one that was typed as it was typed."""
    actor = actor_of(request)
    return [
        {"key": key, "label": label, "form": typed if key == name else form(actor=actor, order=order)}
        for key, (label, form) in SECTIONS.items()
    ]


@acting(Act.SEE_OWN_WORK)
@require_GET
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """One order: the chain, the facts, what is asked of me."""
    return show(request, key)


def show(request: HttpRequest, key: str, **forms: Any) -> HttpResponse:
    """The page of an order; with a form that came back it is answered 422, and nothing typed is lost."""
    context = shown.page(order_of(request, key), actor_of(request), forms)
    return render(request, "orders/detail.html", context, status=422 if forms else 200)


@acting(Act.PLACE_ORDER)
@require_POST
def submit(request: HttpRequest, key: str) -> HttpResponse:
    """Hand the order in."""
    order, actor = order_of(request, key), actor_of(request)
    done = _("Handed in. It is determined, screened and reviewed; two compliance officers decide.")
    try_act(request, lambda: services.submit_order(actor=actor, order=order), done=done)
    return see_other(_detail(order))


@acting(Act.PLACE_ORDER)
@require_POST
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """Take the order back."""
    order, actor, form = order_of(request, key), actor_of(request), ReasonForm(request.POST)
    if not form.is_valid():
        return show(request, key, withdraw_form=form)
    reason = form.cleaned_data["reason"]
    try_act(
        request, lambda: services.withdraw_order(actor=actor, order=order, reason=reason), done=_("Withdrawn."),
    )  # fmt: skip
    return see_other(_detail(order))


@acting(Act.RELEASE_SHIPMENT)
@require_POST
def release(request: HttpRequest, key: str) -> HttpResponse:
    """Give leave to ship."""
    order, actor = order_of(request, key), actor_of(request)
    form = ReleaseForm(request.POST, order=order)
    if form.is_valid():
        said = form.cleaned_data
        done = _("Released: the units are held on a licence line of each side.")
        if try_act(request, lambda: shipments.release_shipment(actor=actor, **said), done=done, form=form):
            return see_other(f"{_detail(order)}#shipments")
    return show(request, key, release_form=form)


@acting(Act.RECORD_RECEIPT)
@require_POST
def receive(request: HttpRequest, key: str) -> HttpResponse:
    """Record what arrived."""
    order, actor = order_of(request, key), actor_of(request)
    form = ReceiptForm(request.POST, actor=actor, order=order)
    if form.is_valid():
        arrival = Arrival(**{**form.cleaned_data, "serials": form.cleaned_data["serials"].split("\n")})
        done = _("Recorded in full. Serials that no licence covers are unlicensed and in quarantine.")
        if try_act(
            request, lambda: shipments.record_receipt(actor=actor, order=order, arrival=arrival), done=done, form=form
        ):
            return see_other(f"{_detail(order)}#shipments")
    return show(request, key, receipt_form=form)


@acting(Act.PLACE_ORDER)
@require_POST
def attach(request: HttpRequest, key: str) -> HttpResponse:
    """Add a document."""
    order, actor = order_of(request, key), actor_of(request)
    form = DocumentForm(request.POST, request.FILES)
    if form.is_valid():
        file, title = form.cleaned_data["document"], form.cleaned_data["title"]

        def keep() -> None:
            services.attach_document(actor=actor, order=order, upload=Upload.of(file), title=title)

        if try_act(request, keep, done=_("Attached."), form=form):
            return see_other(f"{_detail(order)}#documents")
    return show(request, key, document_form=form)


@acting(Act.SEE_OWN_WORK)
@require_GET
def document(request: HttpRequest, key: str, attachment_id: uuid.UUID) -> HttpResponse:
    """A document of an order that one may see."""
    order = get_object_or_404(queries.visible_to(actor_of(request)), **_by(key))
    return download(get_object_or_404(attachments_of(order), pk=attachment_id))
