"""Licences as pages show them: plain values, no rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.permissions import Act
from accounts.words import in_words
from ledger.documents import attachments_of
from ledger.queries import history
from procurement.licences import queries
from procurement.licences.forms import AttestForm, ProposeForm, SuspendForm, WithdrawActForm
from procurement.licences.models import Condition, LegalEffect, Licence, LicenceAct
from procurement.licences.states import LicenceAction, LicenceState
from procurement.orders.addresses import address
from procurement.records import retention
from procurement.records import shown as records

REVOCABLE = (LicenceState.ACTIVE, LicenceState.SUSPENDED)
VERBS = {
    LicenceAction.SUSPEND: gettext_lazy("Suspend the licence"),
    LicenceAction.REINSTATE: gettext_lazy("Reinstate the licence"),
    LicenceAction.REVOKE: gettext_lazy("Revoke the licence"),
}


def page(licence: Licence, actor: Actor, forms: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Everything on a licence's page; ``forms`` holds those that came back with errors."""
    waiting = queries.open_act(licence)
    return {
        "licence": licence,
        "title": f"{licence.authority} {licence.number}",
        "facts": _facts(licence),
        "lines": licence.lines.all(),
        "conditions": [_condition(each, actor) for each in licence.conditions.all()],
        "documents": _documents(licence),
        "acts": [_act(each) for each in licence.acts.all() if each.in_effect_at or each.withdrawn_at],
        "waiting": _act(waiting) if waiting else None,
        "entries": history([("licence", licence.pk)]),
        "drain_url": _drain_url(licence, actor),
        "retention": retention.shown(licence.order, timezone.now().date(), actor),
        "term": records.of_licence(licence, actor),
        "what_if_url": address("drains:what_if_licence", licence.pk),
        **_permitted(licence, actor, waiting),
        "suspend_form": SuspendForm(),
        "reinstate_form": ProposeForm(prefix="reinstate"),
        "revoke_form": ProposeForm(prefix="revoke"),
        "withdraw_form": WithdrawActForm(),
        "attest_form": AttestForm(),
        **(forms or {}),
    }


def _drain_url(licence: Licence, actor: Actor) -> str:
    """Where the drain is watched, once there may be one."""
    ended = licence.state in (LicenceState.SUSPENDED, LicenceState.REVOKED, LicenceState.EXPIRED)
    return address("drains:licence", licence.pk) if ended and actor.may(Act.SEE_ALL_WORK) else ""


def _can_be_stricter(licence: Licence) -> bool:
    """Whether a suspension would stop more than stands now."""
    if licence.state == LicenceState.ACTIVE:
        return True
    standing = queries.standing_act(licence)
    return licence.state == LicenceState.SUSPENDED and standing is not None and standing.effect != LegalEffect.STOP_NOW


def _permitted(licence: Licence, actor: Actor, waiting: LicenceAct | None) -> dict[str, bool]:
    """Which acts the page offers; the services decide again."""
    is_signer = waiting is not None and waiting.proposer_person_id == actor.person.pk
    signs = actor.may(Act.REINSTATE_LICENCE)
    return {
        "may_activate": actor.may(Act.RECORD_LICENCE)
        and licence.state == LicenceState.DRAFT
        and licence.recorded_by.person_id != actor.person.pk,
        "may_suspend": actor.may(Act.SUSPEND_LICENCE) and _can_be_stricter(licence),
        "may_reinstate": signs and licence.state == LicenceState.SUSPENDED and waiting is None,
        "may_revoke": signs and licence.state in REVOCABLE and waiting is None,
        "may_countersign": signs and waiting is not None and not is_signer,
        "may_withdraw_act": signs and waiting is not None,
        "is_proposer": is_signer,
    }


def _facts(licence: Licence) -> list[tuple[Any, Any]]:
    return [
        (_("Side"), in_words(licence.side)),
        (_("Authority"), licence.authority),
        (_("Kind and number"), f"{licence.kind} {licence.number}"),
        (_("Holder"), licence.holder.name),
        (_("Order"), licence.order.reference),
        (_("Team"), str(licence.order.team)),
        (_("Issued on"), f"{licence.issued_on:%d %b %Y}"),
        (_("Valid from"), f"{licence.valid_from:%d %b %Y}"),
        (_("Recorded by"), licence.recorded_by.person.name),
    ]


def _condition(condition: Condition, actor: Actor) -> dict[str, Any]:
    needs_person = not condition.is_machine_checked
    return {
        "condition": condition,
        "kind": in_words(condition.kind),
        "value": _value(condition),
        "may_attest": needs_person and actor.may(Act.RECORD_LICENCE),
        "is_missing": needs_person and condition.attested_until is None,
    }


def _value(condition: Condition) -> str:
    seconds = condition.parameter.get("seconds")
    return _("%(n)s seconds") % {"n": seconds} if seconds else ""


def _act(act: LicenceAct) -> dict[str, Any]:
    return {
        "act": act,
        "verb": VERBS[LicenceAction(act.action)],
        "effect": in_words(act.effect),
        "proposer": act.proposer_person.name,
        "countersigner": act.countersigner_person.name if act.countersigner_person else "",
    }


def _documents(licence: Licence) -> list[dict[str, Any]]:
    return [
        {
            "name": each.title or each.filename,
            "url": reverse("licences:document", args=[licence.reference, each.pk]),
            "size_bytes": each.document.size_bytes,
            "sha256": each.document.sha256,
            "at": each.attached_at,
        }
        for each in attachments_of(licence)
    ]
