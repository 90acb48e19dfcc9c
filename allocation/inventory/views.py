"""Devices and hosts on pages."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import Act
from accounts.web import Listing, acting, actor_of, show_list, try_act
from accounts.words import in_words
from allocation.inventory import queries
from allocation.inventory.enrolment import create_enrolment_code
from allocation.inventory.filters import DeviceFilter
from allocation.inventory.models import Device
from ledger.queries import history
from procurement.parties.models import Site

DEVICES: Final = Listing(
    filterset=DeviceFilter,
    template="inventory/devices.html",
    part="devices",
    columns=(
        ("serial", lambda row: row.serial),
        ("chip", lambda row: row.chip.name),
        ("backend", lambda row: row.backend),
        ("site", lambda row: row.site.name),
        ("host", lambda row: row.host.name if row.host else ""),
        ("state", lambda row: row.state),
        ("reason", lambda row: row.quarantine_reason),
    ),
)


@acting(Act.SEE_DEVICES)
@require_GET
def devices(request: HttpRequest) -> HttpResponseBase:
    """Every device, by serial."""
    actor = actor_of(request)
    context = {"hosts": queries.hosts_visible_to(actor), "may_enrol": actor.may(Act.ENROL_HOST)}
    return show_list(request, queries.visible_to(actor).order_by("serial"), DEVICES, context)


@acting(Act.SEE_DEVICES)
@require_GET
def device(request: HttpRequest, device_id: uuid.UUID) -> HttpResponse:
    """One device: what it is bound to, what it did, what is wrong with it."""
    found = get_object_or_404(queries.visible_to(actor_of(request)), pk=device_id)
    context = {
        "device": found,
        "facts": _facts(found),
        "incidents": queries.open_incidents(found),
        "leases": queries.leases_of(found)[:50],
        "entries": history([("device", found.pk)]),
        "chain_url": reverse("chain:device", args=[found.pk]),
    }
    return render(request, "inventory/device.html", context)


def _facts(device: Device) -> list[tuple[str, Any]]:
    sides = [
        (_("Exporter's licence"), device.exporter_line),
        (_("Importer's licence"), device.importer_line),
        *[(_("Further authority's licence"), line) for line in queries.further_lines(device)],
    ]
    return [
        (_("Chip"), device.chip.name),
        (_("Backend"), in_words(device.backend) if device.backend else _("not reported yet")),
        (_("Device UUID"), device.uuid or _("not reported yet")),
        (_("Site"), device.site.name),
        (_("Host"), device.host.name if device.host else _("none")),
        (_("Health"), device.health or _("not reported yet")),
        *[(label, str(line) if line else _("none: unlicensed")) for label, line in sides],
        (_("Receipt"), device.item.receipt.reference if device.item else _("none")),
    ]


class EnrolForm(forms.Form):
    """At which site the new host stands."""

    site = forms.ModelChoiceField(queryset=Site.objects.filter(is_closed=False), label=gettext_lazy("Site"))


@acting(Act.ENROL_HOST)
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """A one-time code for a new host, shown this once."""
    actor, form = actor_of(request), EnrolForm(request.POST or None)
    code: list[str] = []
    if request.method == "POST" and form.is_valid():
        site = form.cleaned_data["site"]
        try_act(
            request,
            lambda: code.append(create_enrolment_code(actor=actor, site=site)),
            done=_("The code works once, and only for a while."),
            form=form,
        )
    context = {"form": form, "code": code[0] if code else "", "control_url": request.build_absolute_uri("/")}
    return render(request, "inventory/enrol.html", context, status=422 if form.errors else 200)
