"""The first page of everybody."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def today(request: HttpRequest) -> HttpResponse:
    """What needs me, what is due, what runs."""
    if request.actor is None:  # type: ignore[attr-defined]
        return render(request, "account/no_membership.html", status=403)
    return render(request, "today/today.html", {"sections": []})
