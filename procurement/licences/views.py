"""Licences on pages."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.states_shown import tabs_by_state
from accounts.web import Listing, acting, actor_of, see_other, show_list, try_act
from ledger.documents import Upload, attachments_of
from procurement.downloads import download
from procurement.licences import acts, queries, services, shown, steps
from procurement.licences.filters import LicenceFilter
from procurement.licences.forms import AttestForm, ProposeForm, RecordForm, SuspendForm, WithdrawActForm
from procurement.licences.models import LegalEffect, Licence, LicenceAct
from procurement.licences.states import LicenceAction, LicenceState
from procurement.orders import queries as orders
from procurement.orders.shipments import SHIPPING

LICENCES: Final = Listing(
    filterset=LicenceFilter,
    template="licences/list.html",
    part="licences",
    columns=(
        ("licence", lambda row: row.reference),
        ("side", lambda row: row.side),
        ("authority", lambda row: row.authority),
        ("number", lambda row: row.number),
        ("order", lambda row: row.order.reference),
        ("granted", lambda row: row.granted),
        ("held", lambda row: row.held),
        ("drawn", lambda row: row.drawn),
        ("ship_until", lambda row: row.ship_until),
        ("use_until", lambda row: row.use_until),
        ("state", lambda row: row.state),
    ),
)


def _licence(request: HttpRequest, key: str) -> Licence:
    """The licence of a reference or id, if it is there for this person."""
    return get_object_or_404(queries.detailed(actor_of(request)), **_by(key))


def _by(key: str) -> dict[str, Any]:
    try:
        return {"pk": uuid.UUID(key)}
    except ValueError:
        return {"reference": key}


def _detail(licence: Licence) -> str:
    return reverse("licences:detail", args=[licence.reference])


@acting(Act.SEE_LICENCES)
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """The licences that one may see, those that end first on top."""
    actor = actor_of(request)
    here = request.GET.get("state", "")
    context = {
        "may_record": actor.may(Act.RECORD_LICENCE),
        "tabs": tabs_by_state(queries.visible_to(actor), LicenceState, reverse("licences:list"), here),
    }
    return show_list(request, queries.listed(actor), LICENCES, context)


@acting(Act.RECORD_LICENCE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Record a licence from its document; the order it is for is chosen first."""
    key = request.GET.get("order", "")
    choice = orders.visible_to(actor_of(request)).filter(state__in=SHIPPING)
    if not key:
        return render(request, "licences/choose.html", {"orders": choice.select_related("site").order_by("reference")})
    order = get_object_or_404(choice.prefetch_related("lines__chip"), **_by(key))
    form = RecordForm(request.POST or None, request.FILES or None, order=order)
    if request.method == "POST" and form.is_valid() and (made := _record(request, form)):
        return see_other(_detail(made))
    context = {"order": order, "form": form}
    return render(request, "licences/new.html", context, status=422 if request.method == "POST" else 200)


def _record(request: HttpRequest, form: RecordForm) -> Licence | None:
    made: list[Licence] = []

    def record() -> None:
        upload = Upload.of(form.head.cleaned_data["document"])
        made.append(services.record_licence(actor=actor_of(request), paper=form.paper(), upload=upload))

    done = _("Recorded. Read it against its document, then put it into force.")
    return made[0] if try_act(request, record, done=done, form=form.head) else None


@acting(Act.SEE_LICENCES)
@require_GET
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """One licence: balances, conditions, acts, and what would stop."""
    return _page(request, key)


def _page(request: HttpRequest, key: str, **forms: Any) -> HttpResponse:
    context = shown.page(_licence(request, key), actor_of(request), forms)
    return render(request, "licences/detail.html", context, status=422 if forms else 200)


@acting(Act.RECORD_LICENCE)
@require_POST
def activate(request: HttpRequest, key: str) -> HttpResponse:
    """Put a recorded licence into force."""
    licence, actor = _licence(request, key), actor_of(request)
    try_act(request, lambda: services.activate_licence(actor=actor, licence=licence), done=_("In force."))
    return see_other(_detail(licence))


@acting(Act.SUSPEND_LICENCE)
@require_POST
def suspend(request: HttpRequest, key: str) -> HttpResponse:
    """Suspend: at once where running jobs stop, else as a proposal for a second person."""
    licence, actor, form = _licence(request, key), actor_of(request), SuspendForm(request.POST)
    if form.is_valid():
        said = {**form.cleaned_data, "effect": LegalEffect(form.cleaned_data["effect"])}
        at_once = said["effect"] in steps.STOPS_USE
        done = _("Suspended. What hangs on it stops now.") if at_once else _("Proposed; a second officer signs.")
        if try_act(
            request, lambda: acts.suspend_licence(actor=actor, licence=licence, **said), done=done, form=form
        ):
            return see_other(f"{_detail(licence)}#drain" if at_once else _detail(licence))
    return _page(request, key, suspend_form=form)


@acting(Act.REINSTATE_LICENCE)
@require_POST
def reinstate(request: HttpRequest, key: str) -> HttpResponse:
    """Propose to reinstate."""
    return _propose(request, key, LicenceAction.REINSTATE, "reinstate")


@acting(Act.REINSTATE_LICENCE)
@require_POST
def revoke(request: HttpRequest, key: str) -> HttpResponse:
    """Propose to revoke."""
    return _propose(request, key, LicenceAction.REVOKE, "revoke")


def _propose(request: HttpRequest, key: str, action: LicenceAction, name: str) -> HttpResponse:
    licence, actor, form = _licence(request, key), actor_of(request), ProposeForm(request.POST, prefix=name)
    if form.is_valid():
        proposal = form.proposal(action)
        if try_act(
            request,
            lambda: acts.propose_licence_act(actor=actor, licence=licence, proposal=proposal),
            done=_("Proposed. It takes effect when a second officer countersigns."),
            form=form,
        ):
            return see_other(_detail(licence))
    return _page(request, key, **{f"{name}_form": form})


def _waiting(licence: Licence) -> LicenceAct:
    act = queries.open_act(licence)
    if act is None:
        raise Http404(_("No act waits for a signature on this licence."))
    return act


@acting(Act.REINSTATE_LICENCE)
@require_POST
def countersign(request: HttpRequest, key: str) -> HttpResponse:
    """Sign the proposed act as the second person."""
    licence, actor = _licence(request, key), actor_of(request)
    act = _waiting(licence)
    done = _("Countersigned: it is in effect.")
    return _done(request, licence, lambda: acts.countersign_licence_act(actor=actor, act=act), done)


@acting(Act.REINSTATE_LICENCE)
@require_POST
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    """Take the proposed act back, or turn it down."""
    licence, actor, form = _licence(request, key), actor_of(request), WithdrawActForm(request.POST)
    if not form.is_valid():
        return _page(request, key, withdraw_form=form)
    act, reason = _waiting(licence), form.cleaned_data["reason"]
    return _done(
        request,
        licence,
        lambda: acts.withdraw_licence_act(actor=actor, act=act, reason=reason),
        _("Withdrawn; nothing has changed on the licence."),
    )


@acting(Act.RECORD_LICENCE)
@require_POST
def attest(request: HttpRequest, key: str, condition_id: uuid.UUID) -> HttpResponse:
    """Attest a condition that no machine checks."""
    licence, actor, form = _licence(request, key), actor_of(request), AttestForm(request.POST)
    condition = get_object_or_404(licence.conditions, pk=condition_id)
    if not form.is_valid():
        return _page(request, key, attest_form=form)
    until = form.cleaned_data["until"]
    return _done(
        request,
        licence,
        lambda: services.attest_condition(actor=actor, condition=condition, until=until),
        _("Attested."),
    )


def _done(request: HttpRequest, licence: Licence, act: Callable[[], Any], done: str) -> HttpResponse:
    try_act(request, act, done=done)
    return see_other(_detail(licence))


@acting(Act.SEE_LICENCES)
@require_GET
def document(request: HttpRequest, key: str, attachment_id: uuid.UUID) -> HttpResponse:
    """A document of a licence that one may see."""
    licence = get_object_or_404(queries.visible_to(actor_of(request)), **_by(key))
    return download(get_object_or_404(attachments_of(licence), pk=attachment_id))
