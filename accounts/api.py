"""Who calls the API: a bearer token of one account, acting by one membership."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from accounts.actors import Actor
from accounts.services import actor_of_token


class Bearer(HttpBearer):
    """``Authorization: Bearer writ_...``; sets ``request.auth`` to the actor."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The actor, or ``None`` (401)."""
        return actor_of_token(token)


def caller(request: HttpRequest) -> Actor:
    """The actor of an authenticated API request."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    return actor
