"""The first page of everybody."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.actors import Actor
from allocation.today.queries import board_of


@login_required
def today(request: HttpRequest) -> HttpResponse:
    """What needs me, what is due, what runs; htmx asks for the board alone."""
    actor: Actor | None = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return render(request, "account/no_membership.html", status=403)
    name = "today/board.html" if request.htmx else "today/today.html"  # type: ignore[attr-defined]
    return render(request, name, {"board": board_of(actor, now=timezone.now())})
