"""Sets ``request.actor``: the person of the signed-in account, by the membership they chose."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse

from accounts.actors import Actor, live_memberships
from accounts.models import Membership

SESSION_KEY = "membership"


class ActorMiddleware:
    """Reads the live memberships once a request; an ended one is left at the next click."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        memberships = self._memberships(request)
        chosen = _chosen(memberships, request.session.get(SESSION_KEY)) if memberships else None
        request.memberships = memberships  # type: ignore[attr-defined]
        request.actor = Actor(chosen) if chosen else None  # type: ignore[attr-defined]
        return self.get_response(request)

    def _memberships(self, request: HttpRequest) -> list[Membership]:
        user = request.user
        if not user.is_authenticated:
            return []
        return list(live_memberships().filter(person_id=user.person_id).order_by("starts_at", "pk"))


def _chosen(memberships: Sequence[Membership], stored: str | None) -> Membership:
    """The membership chosen in this session while it is live, else the oldest."""
    wanted = uuid.UUID(stored) if stored else None
    return next((m for m in memberships if m.pk == wanted), memberships[0])
