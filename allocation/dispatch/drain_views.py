"""What the break of a link would stop, before the click; the drain live, after it."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import Membership
from accounts.permissions import Act
from accounts.queries import memberships_of, people
from accounts.web import acting, actor_of, show_part
from allocation.dispatch import queries
from procurement.filings.queries import visible_to as filings_visible_to
from procurement.licences.queries import visible_to

SHOWN = 5


def _what_if(request: HttpRequest, found: queries.WhatIf, back: str) -> HttpResponse:
    return show_part(request, "drains/_what_if.html", {"what_if": found}, name=_("What stops"), back=back)


def _drains(request: HttpRequest, kind: str, causes: Collection[uuid.UUID], none: str) -> HttpResponse:
    """The latest drains of some causes, the running one polling itself down to its last process."""
    drains = queries.drains_shown().filter(cause_kind=kind, cause_id__in=causes)[:SHOWN]
    progress = [queries.progress_of_drain(drain) for drain in drains]
    is_live = any(drain.completed_at is None for drain in progress)
    context = {"drains": progress, "here": request.path, "is_live": is_live, "none": none}
    return render(request, "drains/_drains.html", context)


@acting(Act.SEE_LICENCES)
@require_GET
def what_if_licence(request: HttpRequest, licence_id: uuid.UUID) -> HttpResponse:
    """Jobs, teams, GPU-hours and orders that hang on a licence now."""
    licence = get_object_or_404(visible_to(actor_of(request)), pk=licence_id)
    back = reverse("licences:detail", args=[licence.reference])
    return _what_if(request, queries.what_would_stop_licence(licence), back)


@acting(Act.SEE_LICENCES)
@require_GET
def licence(request: HttpRequest, licence_id: uuid.UUID) -> HttpResponse:
    """The drains that a licence caused."""
    found = get_object_or_404(visible_to(actor_of(request)), pk=licence_id)
    return _drains(request, "licence", [found.pk], _("No drain has begun on this licence."))


@acting(Act.SEE_REVIEW)
@require_GET
def what_if_filing(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """Jobs, teams and GPU-hours that hang on a filing's approval now."""
    filing = get_object_or_404(filings_visible_to(actor_of(request)), pk=filing_id)
    return _what_if(request, queries.what_would_stop_filing(filing), reverse("filings:detail", args=[filing.pk]))


@acting(Act.SEE_OWN_WORK)
@require_GET
def filing(request: HttpRequest, filing_id: uuid.UUID) -> HttpResponse:
    """The drains that a filing caused."""
    found = get_object_or_404(filings_visible_to(actor_of(request)), pk=filing_id)
    return _drains(request, "filing", [found.pk], _("No drain has begun on this filing."))


@acting(Act.END_ACCESS)
@require_GET
def what_if_membership(request: HttpRequest, membership_id: uuid.UUID) -> HttpResponse:
    """Jobs, teams and GPU-hours that hang on one role of a person."""
    member = get_object_or_404(Membership, pk=membership_id)
    back = reverse("accounts:person", args=[member.person_id])
    return _what_if(request, queries.what_would_stop_memberships([member.pk]), back)


@acting(Act.END_ACCESS)
@require_GET
def what_if_person(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """Jobs, teams and GPU-hours that hang on a person, in every role."""
    found = get_object_or_404(people(actor_of(request)), pk=person_id)
    back = reverse("accounts:person", args=[found.pk])
    return _what_if(request, queries.what_would_stop_memberships(_roles_of(found.pk)), back)


@acting(Act.END_ACCESS)
@require_GET
def person(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """The drains that the end of a person's access caused."""
    found = get_object_or_404(people(actor_of(request)), pk=person_id)
    return _drains(request, "membership", _roles_of(found.pk), _("Nothing of this person's has been stopped."))


def _roles_of(person_id: uuid.UUID) -> list[uuid.UUID]:
    return list(memberships_of(person_id).values_list("pk", flat=True))
