"""Filings as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.queries import history
from procurement.filings.acts_shown import offered, without_proposals
from procurement.filings.models import Filing
from procurement.filings.services import submission_blockers
from procurement.filings.states import FilingState


def page(filing: Filing, actor: Actor, typed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Everything on a filing's page but the remote user's form; ``typed`` holds forms that came back."""
    is_mine = filing.team_id == actor.team.pk and actor.may(Act.FILE_USE_CASE)
    is_draft = filing.state == FilingState.DRAFT
    missing = submission_blockers(filing) if is_draft else []
    return {
        "filing": filing,
        "facts": _facts(filing),
        "may_edit": is_mine and is_draft,
        "may_withdraw": is_mine and filing.state in (FilingState.DRAFT, FilingState.IN_REVIEW),
        "tasks": _tasks(filing) if is_draft else [],
        "blockers": [{"reason": reason, "url": reverse("orders:detail", args=[filing.order_id])} for reason in missing],
        "remote_users": filing.remote_users.all(),
        "grants": filing.grants.all(),
        "entries": without_proposals(history([("filing", filing.pk)]), actor),
        "chain_url": reverse("chain:filing", args=[filing.pk]),
        "standing_url": reverse("review:standing", args=["filing", filing.pk]),
        **offered(filing, actor, typed or {}),
    }


def _tasks(filing: Filing) -> list[dict[str, Any]]:
    edit = reverse("filings:edit", args=[filing.pk])
    here = reverse("filings:detail", args=[filing.pk])
    users = len(filing.remote_users.all())
    note = (
        _("%(n)s named") % {"n": users} if users else _("none named: say so only if nobody reaches it from elsewhere")
    )
    return [
        {"name": _("Use case and compute estimate"), "state": "done", "url": edit, "note": filing.model_name},
        {"name": _("Remote access"), "state": "done" if users else "todo", "url": f"{here}#remote", "note": note},
        {
            "name": _("Hand in"),
            "state": "blocked" if submission_blockers(filing) else "todo",
            "url": f"{here}#hand-in",
            "note": "",
        },
    ]


def _facts(filing: Filing) -> list[tuple[str, Any]]:
    tokens = f"{filing.training_tokens:,}" if filing.training_tokens else _("not stated")
    return [
        (_("Order"), filing.order.reference),
        (_("Site"), str(filing.order.site)),
        (_("Chip"), filing.chip.name),
        (_("End use"), filing.get_end_use_display()),
        (
            _("Model"),
            _("%(name)s, %(n)s parameters") % {"name": filing.model_name, "n": f"{filing.model_parameters:,}"},
        ),
        (_("Training tokens"), tokens),
        (_("Devices at once"), filing.max_devices),
        (_("GPU-hours asked"), f"{filing.requested_ms / 3_600_000:,.2f}"),
        (_("Period"), _("%(a)s to %(b)s") % {"a": filing.starts_on, "b": filing.ends_on}),
        (_("Description"), filing.description),
    ]
