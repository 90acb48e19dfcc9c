"""One host on its page: what it is, what runs on it, and the operator's acts on it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, see_other, show_part, try_act
from accounts.words import in_words
from allocation.inventory import hosts, queries
from allocation.inventory.incidents import close_incident
from allocation.inventory.models import Host
from allocation.inventory.states import HostState
from ledger.queries import history

SHOWN: Final = 50
_WINDOWS: Final = (
    (0, gettext_lazy("At once: checkpoint and stop")),
    (3_600, gettext_lazy("Within 1 hour")),
    (6 * 3_600, gettext_lazy("Within 6 hours")),
    (24 * 3_600, gettext_lazy("Within 24 hours")),
    (168 * 3_600, gettext_lazy("Within 7 days")),
)


class DrainForm(forms.Form):
    """Why a host is drained, and how long what runs on it may go on."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)
    finish_within = forms.TypedChoiceField(
        label=gettext_lazy("Running jobs may finish"), choices=_WINDOWS, coerce=int, initial=3_600
    )


class RetireForm(forms.Form):
    """Why a host is retired."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


@acting(Act.SEE_DEVICES)
@require_GET
def host(request: HttpRequest, host_id: uuid.UUID) -> HttpResponse:
    """One host: its devices, what runs on it, what is wrong with it."""
    return _page(request, host_id)


def _page(request: HttpRequest, host_id: uuid.UUID, *, status: int = 200, **given: Form) -> HttpResponse:
    actor = actor_of(request)
    found = get_object_or_404(queries.hosts_visible_to(actor), pk=host_id)
    context: dict[str, Any] = {
        "host": found,
        "facts": _facts(found),
        "devices": queries.visible_to(actor).filter(host=found).order_by("index", "serial"),
        "runs": queries.attempts_on(found)[:SHOWN],
        "incidents": queries.incidents_of_host(found),
        "entries": history([("host", found.pk)]),
        "may_run": actor.may(Act.ENROL_HOST) and found.state != HostState.RETIRED,
        "is_draining": found.state == HostState.DRAINING,
        "blockers": [{"reason": words, "url": ""} for words in hosts.retirement_blockers(found)],
        "what_if_url": reverse("inventory:host_what_if", args=[found.pk]),
        "drain_form": DrainForm(),
        "retire_form": RetireForm(),
        **given,
    }
    return render(request, "inventory/host.html", context, status=status)


def _facts(found: Host) -> list[tuple[str, Any]]:
    draining = [(_("Drained because"), found.drain_reason), (_("Stops by"), found.drain_by)]
    return [
        (_("Site"), found.site.name),
        (_("Last heard"), found.last_seen_at),
        (_("Isolation"), in_words(found.isolation) if found.isolation else _("not reported yet")),
        (_("Agent"), found.agent_version or _("not reported yet")),
        (_("Checkpoints"), found.checkpoint_store[:12] or _("on its own disk")),
        (_("Address for gangs"), found.address or found.name),
        *[(label, value) for label, value in draining if value],
    ]


@acting(Act.SEE_DEVICES)
@require_GET
def what_if(request: HttpRequest, host_id: uuid.UUID) -> HttpResponse:
    """What stops where this host is drained now."""
    found = get_object_or_404(queries.hosts_visible_to(actor_of(request)), pk=host_id)
    context, back = {"what_if": queries.what_would_stop_host(found)}, reverse("inventory:host", args=[found.pk])
    return show_part(request, "inventory/_host_what_if.html", context, name=_("What stops"), back=back)


@acting(Act.ENROL_HOST)
@require_POST
def drain(request: HttpRequest, host_id: uuid.UUID) -> HttpResponse:
    """Place nothing more on it; stop what runs by the window."""
    actor, form = actor_of(request), DrainForm(request.POST)
    get_object_or_404(queries.hosts_visible_to(actor), pk=host_id)

    def act() -> None:
        leave = hosts.Leave(form.cleaned_data["reason"], timedelta(seconds=form.cleaned_data["finish_within"]))
        hosts.drain_host(actor=actor, host_id=host_id, leave=leave)

    if form.is_valid() and try_act(request, act, done=_("The host is draining."), form=form):
        return see_other(reverse("inventory:host", args=[host_id]))
    return _page(request, host_id, status=422, drain_form=form)


@acting(Act.ENROL_HOST)
@require_POST
def resume(request: HttpRequest, host_id: uuid.UUID) -> HttpResponse:
    """Back into service."""
    actor = actor_of(request)
    get_object_or_404(queries.hosts_visible_to(actor), pk=host_id)
    try_act(request, lambda: hosts.resume_host(actor=actor, host_id=host_id), done=_("The host is in service again."))
    return see_other(reverse("inventory:host", args=[host_id]))


@acting(Act.ENROL_HOST)
@require_POST
def retire(request: HttpRequest, host_id: uuid.UUID) -> HttpResponse:
    """For good; only when it is empty."""
    actor, form = actor_of(request), RetireForm(request.POST)
    get_object_or_404(queries.hosts_visible_to(actor), pk=host_id)

    def act() -> None:
        hosts.retire_host(actor=actor, host_id=host_id, reason=form.cleaned_data["reason"])

    if form.is_valid() and try_act(request, act, done=_("The host is retired; its key is refused."), form=form):
        return see_other(reverse("inventory:host", args=[host_id]))
    return _page(request, host_id, status=422, retire_form=form)


@acting(Act.REVIEW_CASE)
@require_POST
def close(request: HttpRequest, incident_id: uuid.UUID) -> HttpResponse:
    """Close an incident that is cleared up; back to the device or host."""
    actor = actor_of(request)
    found = get_object_or_404(queries.incidents_visible_to(actor), pk=incident_id)
    reason = request.POST.get("reason", "")
    act_done = _("The incident is closed, or asked of two officers again where two had decided to keep it open.")
    try_act(request, lambda: close_incident(actor=actor, incident_id=incident_id, reason=reason), done=act_done)
    if found.device_id:
        return see_other(reverse("inventory:device", args=[found.device_id]))
    if found.host_id:
        return see_other(reverse("inventory:host", args=[found.host_id]))
    return see_other(reverse("inventory:devices"))
