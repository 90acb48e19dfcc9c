"""Use-case filings on pages."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.web import Listing, acting, actor_of, see_other, show_list, try_act
from procurement.filings import queries, services, shown
from procurement.filings.filters import FilingFilter
from procurement.filings.forms import FilingForm, RemoteUserForm
from procurement.filings.models import Filing
from procurement.parties import services as parties

FILINGS: Final = Listing(
    filterset=FilingFilter,
    template="filings/list.html",
    part="filings",
    columns=(
        ("filing", lambda row: row.reference),
        ("title", lambda row: row.title),
        ("team", lambda row: str(row.team)),
        ("chip", lambda row: row.chip.name),
        ("requested_gpu_ms", lambda row: row.requested_ms),
        ("state", lambda row: row.state),
    ),
)


@acting(Act.SEE_OWN_WORK)
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """The filings that one may see."""
    actor = actor_of(request)
    return show_list(request, queries.visible_to(actor), FILINGS, {"may_file": actor.may(Act.FILE_USE_CASE)})


@acting(Act.FILE_USE_CASE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a filing."""
    actor = actor_of(request)
    form = FilingForm(request.POST or None, actor=actor, initial={"order": request.GET.get("order")})
    made: list[Filing] = []
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data

        def create() -> None:
            made.append(
                services.create_filing(actor=actor, order=said["order"], chip=said["chip"], use_case=form.use_case())
            )

        if try_act(request, create, done=_("Saved as a draft."), form=form):
            return see_other(reverse("filings:detail", args=[made[0].pk]))
    has_orders = queries.orders_to_file_on(actor).exists()
    context = {"form": form, "has_orders": has_orders}
    return render(request, "filings/edit.html", context, status=422 if form.errors else 200)


@acting(Act.FILE_USE_CASE)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Change a draft."""
    actor = actor_of(request)
    filing = get_object_or_404(queries.visible_to(actor), pk=filing_id)
    form = FilingForm(request.POST or None, actor=actor, filing=filing)
    if (
        request.method == "POST"
        and form.is_valid()
        and try_act(
            request,
            lambda: services.update_filing(actor=actor, filing_id=filing_id, use_case=form.use_case()),
            done=_("Saved."),
            form=form,
        )
    ):
        return see_other(reverse("filings:detail", args=[filing_id]))
    context = {"form": form, "filing": filing, "has_orders": True}
    return render(request, "filings/edit.html", context, status=422 if form.errors else 200)


@acting(Act.SEE_OWN_WORK)
@require_GET
def detail(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """One filing: what is missing, where it stands, what it grants."""
    return show(request, filing_id)


def show(request: HttpRequest, filing_id: uuid.UUID, **typed: Form) -> HttpResponse:
    """The page of a filing; with a form that came back it is answered 422, and nothing typed is lost."""
    actor = actor_of(request)
    filing = get_object_or_404(queries.visible_to(actor), pk=filing_id)
    context: dict[str, Any] = shown.page(filing, actor, typed)
    context["user_form"] = typed.get("user_form") or RemoteUserForm()
    return render(request, "filings/detail.html", context, status=422 if typed else 200)


@acting(Act.FILE_USE_CASE)
@require_POST
def name_remote_user(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Name somebody with remote access."""
    actor, form = actor_of(request), RemoteUserForm(request.POST)
    get_object_or_404(queries.visible_to(actor), pk=filing_id)
    if not form.is_valid():
        return show(request, filing_id, user_form=form)
    said = form.cleaned_data

    def name() -> None:
        facts = parties.PartyFacts(name=said["name"], country=said["country"])
        with transaction.atomic():  # a refusal leaves no party behind
            party = parties.register_party(actor=actor, facts=facts)
            services.name_remote_user(actor=actor, filing_id=filing_id, party=party, purpose=said["purpose"])

    if try_act(request, name, done=_("Named. They are screened when you hand the filing in."), form=form):
        return see_other(reverse("filings:detail", args=[filing_id]) + "#remote")
    return show(request, filing_id, user_form=form)


def _act(request: HttpRequest, filing_id: uuid.UUID, act: Any, done: str, **said: Any) -> HttpResponse:
    actor = actor_of(request)
    get_object_or_404(queries.visible_to(actor), pk=filing_id)
    try_act(request, lambda: act(actor=actor, filing_id=filing_id, **said), done=done)
    return see_other(reverse("filings:detail", args=[filing_id]))


@acting(Act.FILE_USE_CASE)
@require_POST
def remove_remote_user(request: HttpRequest, filing_id: uuid.UUID, user_id: int) -> HttpResponse:
    """Take a remote user off the draft."""
    return _act(request, filing_id, services.remove_remote_user, _("Removed."), remote_user_id=user_id)


@acting(Act.FILE_USE_CASE)
@require_POST
def submit(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Hand the filing in."""
    return _act(request, filing_id, services.submit_filing, _("Handed in. Two compliance officers decide on it."))


@acting(Act.FILE_USE_CASE)
@require_POST
def withdraw(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Take the filing back."""
    return _act(request, filing_id, services.withdraw_filing, _("Withdrawn."))
