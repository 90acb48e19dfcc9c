"""The one place that maps the domain's refusals to HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from ledger.errors import DomainError

API_PATH: Final = "/api/v1/"
_REFUSALS: Final = {
    400: ("malformed", "What was sent is no request of the API; a body is JSON."),
    401: ("not_signed_in", "No token in force came with the request: send `Authorization: Bearer` with one."),
    403: ("not_permitted", "This is not allowed."),
    404: ("not_found", "There is no such address."),
    405: ("method_not_allowed", "The address does not take this method; `Allow` lists those that it takes."),
    413: ("too_large", "What was sent is too large."),
    429: ("too_many_requests", "Too many requests; try again later."),
}
_FAULT: Final = ("fault", "Something went wrong here; it was logged. Try again later.")


def refusal_of(status: int) -> tuple[str, str]:
    """The code and words of the API for a status that no view has words for."""
    return _REFUSALS.get(status, _FAULT if status >= 500 else _REFUSALS[400])


class ApiErrorMiddleware:
    """Gives every error under the API's path the API's shape, also what never reached a view of it or broke it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        is_json = answer.get("Content-Type", "").startswith("application/json")
        if answer.status_code < 400 or is_json or not request.path.startswith(API_PATH):
            return answer
        code, message = refusal_of(answer.status_code)
        allow = {"Allow": answer["Allow"]} if "Allow" in answer else {}
        return JsonResponse({"code": code, "message": message}, status=answer.status_code, headers=allow)


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
