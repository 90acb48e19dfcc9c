"""Parties and sites on pages: entered once, used by every order that names them."""

from __future__ import annotations

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from procurement.parties import services
from procurement.parties.forms import PartyForm, SiteForm

REGISTER = (Act.PLACE_ORDER, Act.REVIEW_CASE, Act.ENROL_HOST)


@acting(*REGISTER)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Register a party."""
    actor = actor_of(request)
    form = PartyForm(request.POST or None)
    if form.is_valid() and try_act(
        request,
        lambda: services.register_party(actor=actor, facts=form.facts()),
        done=_("Registered. You can name it in an order now; it is screened when the order is handed in."),
        form=form,
    ):
        return see_other(_back(request))
    return _show(request, form, _("Register a party"))


@acting(*REGISTER)
@require_http_methods(["GET", "POST"])
def new_site(request: HttpRequest) -> HttpResponse:
    """Register a site."""
    actor = actor_of(request)
    form = SiteForm(request.POST or None, actor=actor)
    if form.is_valid() and try_act(
        request,
        lambda: services.register_site(actor=actor, facts=form.facts()),
        done=_("Registered. You can choose the site in an order now."),
        form=form,
    ):
        return see_other(_back(request))
    return _show(request, form, _("Register a site"))


def _show(request: HttpRequest, form: Form, name: str) -> HttpResponse:
    context = {"form": form, "name": name, "back": _back(request)}
    return render(request, "parties/new.html", context, status=422 if form.errors else 200)


def _back(request: HttpRequest) -> str:
    """Where the person came from, if that is a page of this instance; else the orders."""
    wanted = request.GET.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("orders:list")
