"""The API, version 1: the same services as the pages, refusals with a stable code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from accounts.api import Bearer
from allocation.inventory.api import router as hosts
from allocation.jobs.api import router as jobs
from allocation.scheduler.api import router as schedule
from config.errors import refusal_of
from ledger.errors import DomainError, InvalidInput
from procurement.determinations.api import router as determinations
from procurement.evidence.api import router as evidence
from procurement.filings.api import router as filings
from procurement.licences.api import router as licences
from procurement.orders.api import router as orders
from procurement.records.api import router as records
from procurement.review.api import router as cases
from procurement.screening.api import router as screening

api = NinjaAPI(
    title="Writ",
    version="1",
    description="System of record and of enforcement for regulated AI compute. Informs decisions; no legal advice.",
    auth=Bearer(),
    docs_url=None,
    urls_namespace="api",
)
api.add_router("/orders", orders, tags=["orders"])
api.add_router("/evidence", evidence, tags=["evidence"])
api.add_router("/filings", filings, tags=["filings"])
api.add_router("/cases", cases, tags=["cases"])
api.add_router("/licences", licences, tags=["licences"])
api.add_router("/records", records, tags=["records"])
api.add_router("/jobs", jobs, tags=["jobs"])
api.add_router("/schedule", schedule, tags=["schedule"])
api.add_router("/hosts", hosts, tags=["hosts"])
api.add_router("/determinations", determinations, tags=["determinations"])
api.add_router("/screening", screening, tags=["screening"])


def _answer(request: HttpRequest, status: int, code: str, message: str, **more: Any) -> HttpResponse:
    return api.create_response(request, {"code": code, "message": message, **more}, status=status)


@api.exception_handler(DomainError)
def refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """A refusal of the domain: its code, its words, every reason."""
    field = refusal.field if isinstance(refusal, InvalidInput) else None
    reasons = list(refusal.blockers)
    return _answer(request, refusal.status, refusal.code, refusal.message, blockers=reasons, field=field)


@api.exception_handler(ObjectDoesNotExist)
@api.exception_handler(Http404)
def missing(request: HttpRequest, fault: Exception) -> HttpResponse:
    """Not there, or somebody else's."""
    return _answer(request, 404, "not_found", "There is no such object, or it belongs to somebody else.")


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, fault: ValidationError) -> HttpResponse:
    """What was sent does not fit the schema; each fault names its field."""
    faults = [{"field": _field(error["loc"]), "message": error["msg"]} for error in fault.errors]
    return _answer(request, 422, "invalid_input", "What was sent does not fit; see `faults`.", faults=faults)


def _field(place: Sequence[str | int]) -> str:
    """The field as its sender wrote it: a body's place begins with the name that our own function gives it."""
    return ".".join(str(part) for part in place[2 if place[0] == "body" else 1 :])


@api.exception_handler(HttpError)
def turned_away(request: HttpRequest, fault: HttpError) -> HttpResponse:
    """What the framework refuses before a view is reached: no valid token, or a body that is no JSON."""
    code, message = refusal_of(fault.status_code)
    return _answer(request, fault.status_code, code, message)


@api.exception_handler(DataError)
def unstorable(request: HttpRequest, fault: DataError) -> HttpResponse:
    """What PostgreSQL cannot hold, such as a NUL in a text or a page number past 64 bits."""
    return _answer(request, 422, "invalid_input", "A text holds a NUL character, or a number is too large.")
