"""The chain of an order, filing, licence, device or job, loaded into its page."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.permissions import Act
from accounts.web import acting, actor_of
from allocation.chain import queries
from allocation.chain.chain import Chain
from allocation.chain.shown import for_eyes_of
from allocation.clock import database_now
from allocation.inventory.queries import visible_to as devices_visible_to
from allocation.jobs.queries import visible_to as jobs_visible_to
from procurement.filings.queries import visible_to as filings_visible_to
from procurement.licences.queries import visible_to as licences_visible_to
from procurement.orders.queries import visible_to as orders_visible_to


def _part(request: HttpRequest, chain: Chain | None) -> HttpResponse:
    links = for_eyes_of(actor_of(request), chain).links if chain else ()
    return render(request, "chain/_chain.html", {"links": links})


@acting(Act.SEE_OWN_WORK)
@require_GET
def order(request: HttpRequest, subject_id: uuid.UUID) -> HttpResponse:
    """From demand to what the order has reached."""
    found = get_object_or_404(orders_visible_to(actor_of(request)), pk=subject_id)
    return _part(request, queries.chain_of_order(found, now=database_now()))


@acting(Act.SEE_OWN_WORK)
@require_GET
def filing(request: HttpRequest, subject_id: uuid.UUID) -> HttpResponse:
    """From demand to the filing's grant."""
    found = get_object_or_404(filings_visible_to(actor_of(request)), pk=subject_id)
    return _part(request, queries.chain_of_filing(found, now=database_now()))


@acting(Act.SEE_LICENCES)
@require_GET
def licence(request: HttpRequest, subject_id: uuid.UUID) -> HttpResponse:
    """The chain of the order that a licence is for."""
    found = get_object_or_404(licences_visible_to(actor_of(request)), pk=subject_id)
    return _part(request, queries.chain_of_licence(found, now=database_now()))


@acting(Act.SEE_DEVICES)
@require_GET
def device(request: HttpRequest, subject_id: uuid.UUID) -> HttpResponse:
    """From a device back to the demand; an unknown device has none."""
    found = get_object_or_404(devices_visible_to(actor_of(request)), pk=subject_id)
    return _part(request, queries.chain_of_device(found, now=database_now()))


@acting(Act.SEE_OWN_WORK)
@require_GET
def job(request: HttpRequest, subject_id: uuid.UUID) -> HttpResponse:
    """From the job back to the demand."""
    found = get_object_or_404(jobs_visible_to(actor_of(request)), pk=subject_id)
    return _part(request, queries.chain_of_job(found, now=database_now()))
