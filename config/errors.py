"""The one place that maps the domain's refusals to HTTP."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ledger.errors import DomainError


class RefusalMiddleware:
    """Shows a refusal that no view told: what happened, every reason, what to do next; a missing row is 404."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for a refusal, or ``None`` for a fault."""
        if isinstance(exception, DomainError):
            context = {"message": exception.message, "blockers": exception.blockers, "code": exception.code}
            return render(request, "refused.html", context, status=exception.status)
        if isinstance(exception, ObjectDoesNotExist):
            return render(request, "404.html", status=404)
        return None
