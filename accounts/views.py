"""Switching the organisation one acts for, and the pages that say what went wrong."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.middleware import SESSION_KEY


@login_required
@require_POST
def switch_membership(request: HttpRequest) -> HttpResponse:
    """Acts by another of one's own live memberships from now on."""
    wanted = _uuid(request.POST.get("membership", ""))
    chosen = next((m for m in request.memberships if m.pk == wanted), None)  # type: ignore[attr-defined]
    if chosen is None:
        raise Http404(_("You have no such membership, or it has ended."))
    request.session[SESSION_KEY] = str(chosen.pk)
    response = redirect("today")
    response.status_code = 303
    return response


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, also for what belongs to somebody else."""
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: the role does not allow it; the reason is said where there is one."""
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """429: sign-in and other limits."""
    return render(request, "429.html", status=429)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, drawn without the database, since that may be what failed."""
    return HttpResponse(render_plain("500.html"), status=500)


def render_plain(name: str) -> str:
    """A template without any request, so that no context processor can fail in it."""
    from django.template.loader import render_to_string

    return render_to_string(name)
