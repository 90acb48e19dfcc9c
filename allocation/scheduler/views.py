"""The schedule on pages: queue, capacity over time, what if, and whether a job could run."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Act
from accounts.web import acting, actor_of, show_part
from allocation.clock import database_now
from allocation.jobs.queries import visible_to
from allocation.scheduler import queries, what_if
from allocation.scheduler.explain import could_run as ask_whether
from allocation.scheduler.forms import LicenceEndsForm, MoreDevicesForm, OtherPriorityForm, SourceForm
from allocation.scheduler.look import Look, look_now
from allocation.scheduler.models import Priority
from allocation.scheduler.placement import Snapshot
from allocation.scheduler.tabs import tabs_for
from ledger.errors import DomainError
from procurement.licences.models import LicenceLine

SHOWN: Final = 200


@acting(Act.SEE_OWN_WORK)
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Who waits, in which order, why, and until when probably."""
    actor = actor_of(request)
    jobs = queries.waiting(actor)
    rows = [(job, Priority(job.urgency).label, getattr(job, "outlook", None)) for job in jobs[:SHOWN]]
    context = {"rows": rows, "total": jobs.count(), "shown": SHOWN, "tabs": tabs_for(actor, "queue")}
    return render(request, "schedule/queue.html", context)


@acting(Act.SEE_OWN_WORK)
@require_GET
def outlook(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Where one waiting job stands: a part of its page."""
    job = get_object_or_404(visible_to(actor_of(request)), pk=job_id)
    context = {"job": job, "outlook": queries.outlook_of(job)}
    return show_part(request, "schedule/_outlook.html", context, name=_("When it may start"), back=f"/jobs/{job.pk}/")


@acting(Act.SEE_SCHEDULE)
@require_GET
def capacity(request: HttpRequest) -> HttpResponse:
    """Devices over time: what ran, what runs and until when probably, bookings, and where licences end."""
    now = database_now()
    found = queries.bars(look_now(), now)
    context = {"bars": found, "ends": queries.licence_ends(now), "tabs": tabs_for(actor_of(request), "capacity")}
    return render(request, "schedule/capacity.html", context)


@acting(Act.SEE_SCHEDULE)
@require_GET
def capacity_data(request: HttpRequest) -> JsonResponse:
    """The same for the chart."""
    now = database_now()
    rows = [
        {
            "host": bar.host, "label": bar.label, "kind": bar.kind, "devices": bar.devices, "url": bar.url,
            "from": bar.starts_at.isoformat(), "to": bar.ends_at.isoformat(),
            "late": bar.late_at.isoformat() if bar.late_at else None,
        }
        for bar in queries.bars(look_now(), now)
    ]  # fmt: skip
    ends = [
        {"label": f"{end.reference}, {end.chip}", "at": end.ends_at.isoformat(), "devices": end.devices}
        for end in queries.licence_ends(now)
    ]
    return JsonResponse({"now": now.isoformat(), "bars": rows, "ends": ends})


@acting(Act.SEE_SCHEDULE)
@require_GET
def see_what_if(request: HttpRequest) -> HttpResponse:
    """The queue as it would be if a licence ended, devices arrived, or a job had another priority."""
    asked = request.GET.get("ask", "")
    forms: dict[str, Any] = {
        "licence": LicenceEndsForm(request.GET if asked == "licence" else None),
        "devices": MoreDevicesForm(request.GET if asked == "devices" else None),
        "priority": OtherPriorityForm(request.GET if asked == "priority" else None),
    }
    context: dict[str, Any] = {"forms": forms, "tabs": tabs_for(actor_of(request), "what_if")}
    form = forms.get(asked)
    if form is None:
        return render(request, "schedule/what_if.html", context)
    if not form.is_valid():
        return render(request, "schedule/what_if.html", context, status=422)
    look = look_now()
    said, changed = _changed(look, asked, form.cleaned_data)
    context |= {"said": said, "compared": what_if.compare(look, changed)[:SHOWN], "stopped": _stopped(look, changed)}
    return render(request, "schedule/what_if.html", context)


def _changed(look: Look, asked: str, said: dict[str, Any]) -> tuple[str, Snapshot]:
    if asked == "licence":
        licence = said["licence"]
        lines = frozenset(str(pk) for pk in LicenceLine.objects.filter(licence=licence).values_list("pk", flat=True))
        return _("If %(licence)s ended now") % {"licence": licence.reference}, what_if.without_lines(look, lines)
    if asked == "devices":
        words = {"n": said["count"], "order": said["order"].reference}
        return _("If %(n)s devices more stood ready under %(order)s") % words, what_if.with_more(look, **_more(said))
    job = said["job"]
    words = {"job": job.reference, "priority": Priority(said["priority"]).label}
    changed = what_if.with_priority(look, job=str(job.pk), priority=said["priority"])
    return _("If %(job)s had the priority %(priority)s") % words, changed


def _more(said: dict[str, Any]) -> dict[str, Any]:
    return {"order": str(said["order"].pk), "count": said["count"]}


def _stopped(look: Look, changed: Snapshot) -> list[tuple[str, str]]:
    kept = {job.job for job in changed.running}
    gone = [
        (job.label, _("Its licence carries no use any more.")) for job in look.snapshot.running if job.job not in kept
    ]
    return [*gone, *what_if.newly_stopped(look, changed)]


@acting(Act.SUBMIT_JOB)
@require_POST
def could_run(request: HttpRequest) -> HttpResponse:
    """Whether the job file could run, when and under which licences; nothing is submitted."""
    form = SourceForm(request.POST)
    context: dict[str, Any] = {"answer": None, "faults": [_("Write the job file first.")]}
    status = 422
    if form.is_valid():
        try:
            answer = ask_whether(actor=actor_of(request), source=form.cleaned_data["source"])
            context, status = {"answer": answer, "faults": []}, 200
        except DomainError as refusal:
            context["faults"] = list(refusal.blockers) or [refusal.message]
    if getattr(request, "htmx", None):
        return render(request, "schedule/_could_run.html", context)
    whole = {**context, "part": "schedule/_could_run.html", "name": _("Could it run?"), "back": "/jobs/submit/"}
    return render(request, "part.html", whole, status=status)
