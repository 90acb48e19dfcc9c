"""What every page shares: who may open it, lists with filters and CSV, and refusals told on the page."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django_filters import FilterSet

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import DomainError, InvalidInput

PAGE_SIZE: Final = 50
View = Callable[..., HttpResponseBase]


def acting(*acts: Act) -> Callable[[View], View]:
    """Let only signed-in people in whose role permits one of ``acts``; the others get 403 with the reason."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor = actor_of(request)
            if not any(actor.may(act) for act in acts):
                raise PermissionDenied(f"The role {actor.role} has no access to this page.")
            return view(request, *args, **kwargs)

        guarded.acts = acts  # type: ignore[attr-defined]
        return guarded

    return decorate


def actor_of(request: HttpRequest) -> Actor:
    """Who acts. Somebody without a live membership is told so (403)."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise PermissionDenied("Your account has no live membership. Ask the operator of this instance for access.")
    return actor


def show_part(request: HttpRequest, part: str, context: dict[str, Any], *, name: str, back: str) -> HttpResponse:
    """A part that a page loads by htmx; by itself, where scripts are off, it is a page with a way back."""
    if getattr(request, "htmx", None):
        return render(request, part, context)
    return render(request, "part.html", {**context, "part": part, "name": name, "back": back})


def see_other(url: str) -> HttpResponseRedirect:
    """303: the answer to a POST that was done."""
    return HttpResponseRedirect(url, status=303)


def try_act(request: HttpRequest, act: Callable[[], Any], *, done: str, form: Form | None = None) -> bool:
    """Do an act and tell the person: done, or refused with every reason.

    A refusal that names a field lands on ``form``, so that the page is shown again with what was typed.
    """
    try:
        act()
    except InvalidInput as refusal:
        if form is None:
            messages.error(request, refusal.message)
        else:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        return False
    except DomainError as refusal:
        if form is not None:
            form.add_error(None, [refusal.message, *refusal.blockers])
        else:
            messages.error(request, " ".join((refusal.message, *refusal.blockers)))
        return False
    messages.success(request, done)
    return True


@dataclass(frozen=True)
class Listing:
    """A list page: its filter, its template, the id of the part that htmx replaces, and the CSV's columns."""

    filterset: type[FilterSet]
    template: str
    part: str
    columns: Sequence[tuple[str, Callable[[Any], Any]]] = ()


def show_list(
    request: HttpRequest, queryset: QuerySet[Any], listing: Listing, context: dict[str, Any] | None = None
) -> HttpResponseBase:
    """A page of 50 rows, its htmx part alone, or just what is shown as CSV."""
    filtered = listing.filterset(request.GET or None, queryset=queryset, request=request)
    if request.GET.get("format") == "csv" and listing.columns:
        return _as_csv(filtered.qs, listing)
    page = Paginator(filtered.qs, PAGE_SIZE).get_page(request.GET.get("page"))
    wants_part = getattr(request, "htmx", None) and request.headers.get("HX-Target") == listing.part
    template = f"{listing.template}#{listing.part}" if wants_part else listing.template
    return render(request, template, {"filter": filtered, "page": page, **(context or {})})


class _Echo:
    """A file that hands back what is written to it, for streaming."""

    def write(self, value: str) -> str:
        return value


def _as_csv(rows: Iterable[Any], listing: Listing) -> StreamingHttpResponse:
    writer = csv.writer(_Echo())

    def lines() -> Iterable[str]:
        yield writer.writerow([name for name, _ in listing.columns])
        for row in rows:
            yield writer.writerow([cell(read(row)) for _, read in listing.columns])

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{listing.part}.csv"'
    return answer


def cell(value: Any) -> str:
    """Text that a spreadsheet does not take for a formula. Source: OWASP, CSV injection."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
