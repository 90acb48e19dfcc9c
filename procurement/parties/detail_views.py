"""One party on a page: its facts, names and owners, and what may be added to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.actors import Actor
from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act
from accounts.words import in_words
from procurement.parties import services
from procurement.parties.forms import EndOwnerForm, NameForm, OwnerForm, PartyForm
from procurement.parties.models import Party
from procurement.parties.queries import parties_visible_to
from procurement.parties.views import REGISTER

SEE = (Act.SEE_OWN_WORK, Act.SEE_ALL_WORK)


@acting(*SEE)
@require_GET
def detail(request: HttpRequest, party_id: uuid.UUID) -> HttpResponse:
    """A party that the actor sees."""
    return _show(request, _found(request, party_id))


@acting(*REGISTER)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, party_id: uuid.UUID) -> HttpResponseBase:
    """Correct what is known of a party."""
    party, actor = _found(request, party_id), actor_of(request)
    known = {name: getattr(party, name) for name in PartyForm.base_fields}
    form = PartyForm(request.POST or None, initial=known)
    if form.is_valid() and try_act(
        request,
        lambda: services.change_party(actor=actor, party=party, facts=form.facts()),
        done=_("Corrected. The party is screened again where it was screened before."),
        form=form,
    ):
        return see_other(reverse("parties:detail", args=[party.pk]))
    context = {"form": form, "name": _("Correct %(name)s") % {"name": party.name}, "back": _address(party)}
    return render(request, "parties/new.html", context, status=422 if form.errors else 200)


@acting(*REGISTER)
@require_POST
def add_name(request: HttpRequest, party_id: uuid.UUID) -> HttpResponseBase:
    """Enter another name."""
    party, form = _found(request, party_id), NameForm(request.POST)
    return _act(
        request,
        party,
        form,
        lambda: services.add_name(actor=actor_of(request), party=party, **form.cleaned_data),
        key="name_form",
    )


@acting(*REGISTER)
@require_POST
def add_owner(request: HttpRequest, party_id: uuid.UUID) -> HttpResponseBase:
    """Record who holds a share."""
    party, actor = _found(request, party_id), actor_of(request)
    form = OwnerForm(request.POST, actor=actor)
    return _act(
        request,
        party,
        form,
        lambda: services.record_ownership(actor=actor, owned=party, **form.cleaned_data),
        key="owner_form",
    )


@acting(*REGISTER)
@require_POST
def end_owner(request: HttpRequest, party_id: uuid.UUID) -> HttpResponseBase:
    """Record that a share is no longer held."""
    party = _found(request, party_id)
    form = EndOwnerForm(request.POST, party=party)
    return _act(
        request,
        party,
        form,
        lambda: services.end_ownership(
            actor=actor_of(request), ownership_id=form.cleaned_data["share"].pk, ends_on=form.cleaned_data["ends_on"]
        ),
        key="end_form",
    )


def _act(request: HttpRequest, party: Party, form: Form, act: Callable[[], Any], *, key: str) -> HttpResponseBase:
    """Do it and come back to the party, or show the page again with what was typed."""
    done = _("Recorded. The party is screened again where it was screened before.")
    if form.is_valid() and try_act(request, act, done=done, form=form):
        return see_other(_address(party))
    return _show(request, party, {key: form}, status=422)


def _show(request: HttpRequest, party: Party, forms: dict[str, Form] | None = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    held = party.owners.select_related("owner").order_by("ends_on", "owner__name")
    owners = [(each, "" if each.share_percent is None else f"{each.share_percent.normalize():f} %") for each in held]
    context: dict[str, Any] = {
        "party": party,
        "facts": _facts(party),
        "names": party.names.order_by("kind", "name"),
        "owners": owners,
        "change_url": reverse("parties:change", args=[party.pk]) if _may_change(actor, party) else "",
        "screening_url": _screening(actor, party),
        **(_forms(actor, party) if any(actor.may(act) for act in REGISTER) else {}),
        **(forms or {}),
    }
    return render(request, "parties/detail.html", context, status=status)


def _forms(actor: Actor, party: Party) -> dict[str, Form | None]:
    has_open = _may_change(actor, party) and party.owners.filter(ends_on=None).exists()
    return {
        "name_form": NameForm(),
        "owner_form": OwnerForm(actor=actor),
        "end_form": EndOwnerForm(party=party) if has_open else None,
    }


def _may_change(actor: Actor, party: Party) -> bool:
    """Staff correct every party, a team those that it registered."""
    return actor.may(Act.REVIEW_CASE) or (actor.may(Act.PLACE_ORDER) and party.team_id == actor.team.pk)


def _screening(actor: Actor, party: Party) -> str:
    if not actor.may(Act.SEE_SCREENING):
        return ""
    try:
        return reverse("screening:party", args=[party.pk])
    except NoReverseMatch:
        return ""


def _facts(party: Party) -> list[tuple[Any, Any]]:
    unknown = _("not known")
    return [
        (_("Kind"), in_words(party.kind)),
        (_("Country it is in"), party.country),
        (_("Country of its headquarters"), party.hq_country or unknown),
        (_("Country of its ultimate parent"), party.ultimate_parent_country or unknown),
        (_("What it is"), in_words(party.buyer_class)),
        (_("Address"), party.address or unknown),
        (_("Registration number"), party.registration_number or unknown),
    ]


def _address(party: Party) -> str:
    return reverse("parties:detail", args=[party.pk])


def _found(request: HttpRequest, party_id: uuid.UUID) -> Party:
    return get_object_or_404(parties_visible_to(actor_of(request)), pk=party_id)
