"""What runs, ends or stands still: jobs, drains, devices, hosts, licences that end."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.actors import Actor
from accounts.figures import relative
from accounts.permissions import Act
from accounts.words import in_words
from allocation.chain.pages import page
from allocation.dispatch.models import Drain
from allocation.inventory.models import Backend, Device, Host, Incident
from allocation.inventory.states import DeviceState, HostState
from allocation.jobs.models import Job
from allocation.jobs.states import JobState
from allocation.today.shown import Row, Section
from procurement.licences import queries as licences
from procurement.licences.states import LicenceState

SHOWN: Final = 6
ENDS_WITHIN: Final = timedelta(days=30)
_OF_LICENCE: Final = (
    "pk", "reference", "state", "authority", "number", "ship_until", "use_until", "granted", "drawn", "held",
)  # fmt: skip


def licences_to_watch(actor: Actor, now: datetime) -> Section:
    """Licences that end within 30 days or stand over 80 % drawn and held, what ends first at the top."""
    soon = (now + ENDS_WITHIN).date()
    found = (
        licences.listed(actor)
        .alias(used_of_five=(F("drawn") + F("held")) * 5, four_fifths_of_five=F("granted") * 4)
        .filter(state__in=[LicenceState.ACTIVE, LicenceState.SUSPENDED])
        .filter(Q(ship_until__lte=soon) | Q(use_until__lte=soon) | Q(used_of_five__gt=F("four_fifths_of_five")))
    )
    rows = tuple(_licence_row(values, now) for values in found.values(*_OF_LICENCE)[:SHOWN])
    title = gettext_lazy("Licences to watch")
    total = found.count()
    return Section("licences", title, "certificate", total, rows, page("licences:list"), is_aside=True)


def _licence_row(values: dict[str, Any], now: datetime) -> Row:
    title, url = f"{values['authority']}, {values['number']}", page("licences:detail", values["pk"])
    note = _until(values["ship_until"], values["use_until"], now)
    bar = (values["granted"], values["drawn"], values["held"])
    return Row(title, url, values["reference"], values["state"], note, bar=bar)


def _until(ship_until: date | None, use_until: date | None, now: datetime) -> str:
    """By when it ends, in words."""
    parts = []
    if ship_until:
        parts.append(_("shipments end %(when)s") % {"when": relative(ship_until, now)})
    if use_until:
        parts.append(_("use ends %(when)s") % {"when": relative(use_until, now)})
    return "; ".join(parts)


def drains_under_way(actor: Actor) -> Section:
    """Graded stops that are not over, down to the last process."""
    drains = Drain.objects.filter(completed_at=None)
    if not actor.may(Act.SEE_ALL_WORK):
        drains = drains.filter(items__attempt__job__team=actor.team).distinct()
    rows = tuple(
        Row(drain.reason, page("jobs:list"), drain.reference, "draining", drain.cause_ref, at=drain.begun_at)
        for drain in drains[:SHOWN]
    )
    title = gettext_lazy("Drains under way")
    return Section("drains", title, "player-pause", drains.count(), rows, page("jobs:list"), is_aside=True)


def jobs_now(actor: Actor) -> Section:
    """Jobs that run or wait; a waiting one says why."""
    jobs = Job.objects.filter(state__in=[JobState.RUNNING, JobState.WAITING]).select_related("team")
    if not actor.may(Act.SEE_ALL_WORK):
        jobs = jobs.filter(team=actor.team)
    rows = tuple(
        Row(job.name, page("jobs:detail", job.pk), job.reference, job.state, _of_job(job), at=job.submitted_at)
        for job in jobs.order_by("state", "-submitted_at")[:SHOWN]
    )
    title = gettext_lazy("Jobs now")
    total = jobs.count()
    return Section("jobs", title, "player-play", total, rows, page("jobs:list"), tone="info", is_aside=True)


def _of_job(job: Job) -> str:
    if job.state == JobState.WAITING and job.waits_because:
        return job.waits_because
    words = ngettext("%(n)d device for %(team)s", "%(n)d devices for %(team)s", job.device_count)
    return words % {"n": job.device_count, "team": job.team.name}


def devices_in_quarantine() -> Section:
    """Devices that may not be used, each with its reason."""
    devices = Device.objects.filter(state=DeviceState.QUARANTINED).select_related("chip", "site")
    rows = tuple(
        Row(
            f"{device.chip.name}, {device.site.name}", page("inventory:device", device.pk), device.serial,
            device.state, device.quarantine_reason, is_emulated=device.backend == Backend.CPU_EMULATED,
        )
        for device in devices[:SHOWN]
    )  # fmt: skip
    title = gettext_lazy("Devices in quarantine")
    total = devices.count()
    return Section("devices", title, "shield-lock", total, rows, page("inventory:devices"), is_aside=True)


def _page_of_incident(incident: Incident, actor: Actor) -> str:
    """Its case for those who see cases, else its device."""
    if incident.case_id and actor.may(Act.SEE_REVIEW):
        return page("review:case", incident.case_id)
    if incident.device_id:
        return page("inventory:device", incident.device_id)
    return page("inventory:host", incident.host_id) if incident.host_id else ""


def open_incidents(actor: Actor) -> Section:
    """Where record and reality differ."""
    incidents = Incident.objects.filter(closed_at=None).select_related("device", "host", "case")
    rows = tuple(
        Row(
            str(in_words(incident.kind)), _page_of_incident(incident, actor),
            incident.reference, note=str(incident.device or incident.host or ""), at=incident.opened_at,
        )
        for incident in incidents[:SHOWN]
    )  # fmt: skip
    title = gettext_lazy("Open incidents")
    total = incidents.count()
    return Section("incidents", title, "alert-triangle", total, rows, page("inventory:devices"), tone="bad")


def silent_hosts(now: datetime) -> Section:
    """Hosts that have said nothing for longer than a warrant lives."""
    limit = timedelta(milliseconds=settings.WRIT_TTL_MS + settings.WRIT_MARGIN_MS)
    hosts = Host.objects.exclude(state=HostState.RETIRED).filter(last_seen_at__lt=now - limit).select_related("site")
    rows = tuple(
        Row(host.name, page("inventory:host", host.pk), state="silent", note=host.site.name, at=host.last_seen_at)
        for host in hosts[:SHOWN]
    )
    return Section("hosts", gettext_lazy("Silent hosts"), "server", hosts.count(), rows, page("inventory:devices"))
