"""People and tokens as pages show them: plain values, no rule."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import queries
from accounts.actors import Actor
from accounts.forms import ReasonForm, RevokeForm
from accounts.models import ApiToken, Membership, Person
from ledger.queries import history


def person_page(person: Person, actor: Actor, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Everything on a person's page; ``typed`` holds the form that came back, and which row it was for."""
    memberships = list(queries.memberships_of(person.pk))
    rows = [_membership(each, person, typed) for each in memberships]
    subjects = [("person", person.pk), *(("membership", each.pk) for each in memberships)]
    tokens_shown = tokens(person.pk)
    subjects += [("apitoken", each["token"].pk) for each in tokens_shown]
    return {
        "person": person,
        "accounts": list(person.accounts.order_by("email")),
        "memberships": rows,
        "is_self": person.pk == actor.person.pk,
        "is_live": any(row["is_live"] for row in rows),
        "has_left": person.left_at is not None,
        "tokens": [
            each | {"form": typed.get("revoke_form") if typed.get("revoke_of") == each["token"].pk
                    else RevokeForm(is_own=False, auto_id=f"id_{each['token'].pk}_%s")}
            for each in tokens_shown
        ],
        "left_form": typed.get("left_form") or ReasonForm(auto_id="id_left_%s"),
        "entries": history(subjects),
    }  # fmt: skip


def _membership(membership: Membership, person: Person, typed: Mapping[str, Any]) -> dict[str, Any]:
    is_live = person.left_at is None and (membership.ends_at is None or membership.ends_at > timezone.now())
    came_back = typed.get("end_of") == membership.pk
    return {
        "membership": membership,
        "is_live": is_live,
        "state": "active" if is_live else "ended",
        "form": typed["end_form"] if came_back else ReasonForm(auto_id=f"id_{membership.pk}_%s"),
    }


def tokens(person_id: uuid.UUID) -> list[dict[str, Any]]:
    """A person's tokens with how each stands, those that still open something first."""
    rows = [_token(each) for each in queries.tokens_of(person_id)]
    return sorted(rows, key=lambda row: not row["is_live"])


def _token(token: ApiToken) -> dict[str, Any]:
    now, membership = timezone.now(), token.membership
    ended = membership.ends_at is not None and membership.ends_at <= now
    if token.revoked_at is not None:
        state, why = "revoked", ""
    elif ended or membership.person.left_at is not None:
        state, why = "ended", _("The membership it acted by has ended.")
    elif token.expires_at is not None and token.expires_at <= now:
        state, why = "expired", ""
    else:
        state, why = "active", ""
    return {"token": token, "state": state, "why": why, "is_live": state == "active"}
