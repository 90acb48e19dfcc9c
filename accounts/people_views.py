"""Who has access, and the end of it: one role, or everything of a person who left."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import queries, services, shown
from accounts.filters import MembershipFilter
from accounts.forms import ReasonForm
from accounts.models import Membership
from accounts.permissions import Act
from accounts.web import Listing, acting, actor_of, see_other, show_list, try_act

MEMBERSHIPS: Final = Listing(
    filterset=MembershipFilter,
    template="people/list.html",
    part="people",
    columns=(
        ("person", lambda row: row.person.name),
        ("role", lambda row: row.role),
        ("team", lambda row: row.team.name),
        ("organisation", lambda row: row.team.organisation.name),
        ("since", lambda row: row.starts_at.isoformat()),
        ("until", lambda row: row.ends_at.isoformat() if row.ends_at else ""),
    ),
)


@acting(Act.END_ACCESS)
@require_GET
def people(request: HttpRequest) -> HttpResponseBase:
    """Who has which role for whom, those in force first."""
    return show_list(request, queries.memberships_listed(actor_of(request)), MEMBERSHIPS)


@acting(Act.END_ACCESS)
@require_GET
def person(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """One person: roles, tokens, and what would stop without them."""
    return _page(request, person_id)


def _page(request: HttpRequest, person_id: uuid.UUID, **typed: Any) -> HttpResponse:
    actor = actor_of(request)
    found = get_object_or_404(queries.people(actor), pk=person_id)
    context = shown.person_page(found, actor, typed)
    return render(request, "people/person.html", context, status=422 if typed else 200)


@acting(Act.END_ACCESS)
@require_POST
def end(request: HttpRequest, membership_id: uuid.UUID) -> HttpResponse:
    """End one role."""
    actor, form = actor_of(request), ReasonForm(request.POST)
    found = get_object_or_404(Membership, pk=membership_id)
    if form.is_valid() and try_act(
        request,
        lambda: services.end_membership(actor=actor, membership=found, **form.cleaned_data),
        done=_("Ended. What hangs on it stops now."),
    ):
        return see_other(_person(found.person_id) + "#drain")
    return _page(request, found.person_id, end_form=form, end_of=found.pk)


@acting(Act.END_ACCESS)
@require_POST
def left(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """Record that the person left."""
    actor, form = actor_of(request), ReasonForm(request.POST)
    found = get_object_or_404(queries.people(actor), pk=person_id)
    if form.is_valid() and try_act(
        request,
        lambda: services.record_person_left(actor=actor, person=found, **form.cleaned_data),
        done=_("On record: every role has ended, and what they run stops now."),
    ):
        return see_other(_person(person_id) + "#drain")
    return _page(request, person_id, left_form=form)


def token_refused(request: HttpRequest, person_id: uuid.UUID, token_id: uuid.UUID, form: Form) -> HttpResponse:
    """The person's page again, with why their token was not revoked."""
    return _page(request, person_id, revoke_form=form, revoke_of=token_id)


def _person(person_id: uuid.UUID) -> str:
    return reverse("accounts:person", args=[person_id])
