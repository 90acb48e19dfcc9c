"""One's own API tokens: make one, see when each was last used, revoke it."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import queries, services, shown
from accounts.forms import RevokeForm, TokenForm
from accounts.models import User
from accounts.people_views import token_refused
from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, try_act


@acting(Act.SEE_OWN_WORK)
@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens. A new one is shown in the answer itself, this once: to redirect, it would have to be kept."""
    actor = actor_of(request)
    form = TokenForm(
        request.POST or None,
        memberships=request.memberships,  # type: ignore[attr-defined]
        initial={"membership": str(actor.membership.pk)},
    )
    made: list[str] = []
    if request.method == "POST" and form.is_valid():
        try_act(request, lambda: made.append(_issue(request, form)), done=_("The token works from now on."), form=form)
    context: dict[str, Any] = {
        "form": form if not made else None,
        "made": made[0] if made else "",
        "tokens": shown.tokens(actor.person.pk),
        "api_url": request.build_absolute_uri(reverse("api:api-root")),
    }
    refused = request.method == "POST" and not made
    return render(request, "people/tokens.html", context, status=422 if refused else 200)


def _issue(request: HttpRequest, form: TokenForm) -> str:
    user = cast(User, request.user)  # `acting` lets in nobody who is not signed in
    label = form.cleaned_data["label"]
    return services.issue_token(user=user, membership=form.chosen(), label=label, expires_at=form.expires_at())


@acting(Act.SEE_OWN_WORK)
@require_POST
def revoke(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    """Revoke a token: one's own, or another's by whoever may end access."""
    actor = actor_of(request)
    token = get_object_or_404(queries.tokens_revocable_by(actor), pk=token_id)
    is_own = token.user.person_id == actor.person.pk
    form = RevokeForm(request.POST, is_own=is_own)
    done = form.is_valid() and try_act(
        request,
        lambda: services.revoke_token(actor=actor, token=token, **form.cleaned_data),
        done=_("Revoked: it opens nothing any more."),
    )
    if is_own:
        return see_other(reverse("accounts:tokens"))
    if done:
        return see_other(reverse("accounts:person", args=[token.user.person_id]) + "#tokens")
    return token_refused(request, token.user.person_id, token.pk, form)
