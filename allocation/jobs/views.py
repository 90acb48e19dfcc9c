"""Jobs on pages: list, submit, one job live."""

from __future__ import annotations

import uuid
from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Act
from accounts.web import Listing, acting, actor_of, see_other, show_list, try_act
from allocation.evidence.services import Release, export_evidence
from allocation.jobs import queries, services, shown
from allocation.jobs.filters import JobFilter
from allocation.jobs.forms import EvidenceForm, SubmitForm
from allocation.jobs.models import Job
from ledger.canonical import instant

JOBS: Final = Listing(
    filterset=JobFilter,
    template="jobs/list.html",
    part="jobs",
    columns=(
        ("job", lambda row: row.reference),
        ("name", lambda row: row.name),
        ("team", lambda row: str(row.team)),
        ("state", lambda row: row.state),
        ("why", lambda row: row.waits_because or row.ended_because),
        ("submitted_at", lambda row: instant(row.submitted_at)),
    ),
)


@acting(Act.SEE_OWN_WORK)
@require_GET
def index(request: HttpRequest) -> HttpResponseBase:
    """The jobs that one may see, newest first."""
    actor = actor_of(request)
    return show_list(request, queries.visible_to(actor), JOBS, {"may_submit": actor.may(Act.SUBMIT_JOB)})


@acting(Act.SUBMIT_JOB)
@require_http_methods(["GET", "POST"])
def submit(request: HttpRequest) -> HttpResponse:
    """Hand a job file in; faults are told with their lines, a broken chain with its link."""
    actor = actor_of(request)
    source = shown.example_source(actor, request.GET.get("filing", ""))
    if request.method == "GET":
        return render(
            request, "jobs/submit.html", {"form": SubmitForm(initial={"source": source}), "has_filing": source}
        )
    form = SubmitForm(request.POST, request.FILES)
    made: list[Job] = []

    def hand_in() -> None:
        made.append(services.submit_job(actor=actor, source=form.cleaned_data["source"]))

    if form.is_valid() and try_act(request, hand_in, done=_("Submitted."), form=form):
        return see_other(reverse("jobs:detail", args=[made[0].pk]))
    return render(request, "jobs/submit.html", {"form": form, "has_filing": True}, status=422)


@acting(Act.SEE_OWN_WORK)
@require_GET
def detail(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """One job: live curves, log, chain, attempts."""
    actor = actor_of(request)
    job = get_object_or_404(queries.detailed(actor), pk=job_id)
    return render(request, "jobs/detail.html", shown.page(job, actor))


@acting(Act.SEE_OWN_WORK)
@require_GET
def live(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The part of the page that moves."""
    job = get_object_or_404(queries.detailed(actor_of(request)), pk=job_id)
    return render(request, "jobs/_live.html", shown.live_part(job))


@acting(Act.SEE_OWN_WORK)
@require_GET
def metrics(request: HttpRequest, job_id: uuid.UUID) -> JsonResponse:
    """The curves."""
    job = get_object_or_404(queries.visible_to(actor_of(request)), pk=job_id)
    is_final = job.state not in queries.LIVE
    return JsonResponse({"series": queries.series_of(job), "x_name": _("step"), "is_final": is_final})


@acting(Act.SEE_OWN_WORK)
@require_GET
def log(request: HttpRequest, job_id: uuid.UUID) -> JsonResponse:
    """The log of the newest attempt from a byte offset on."""
    job = get_object_or_404(queries.visible_to(actor_of(request)), pk=job_id)
    attempt = queries.live_attempt(job)
    raw = request.GET.get("offset", "0")
    offset = int(raw) if raw.isdecimal() and len(raw) < 16 else 0
    text, end = queries.log_from(attempt, offset) if attempt else ("", 0)
    return JsonResponse({"text": text, "offset": end, "is_final": job.state not in queries.LIVE})


@acting(Act.CANCEL_JOB)
@require_POST
def cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Cancel a job."""
    actor = actor_of(request)
    job = get_object_or_404(queries.visible_to(actor), pk=job_id)
    try_act(request, lambda: services.cancel_job(actor=actor, job_id=job.pk), done=_("The cancellation is under way."))
    return see_other(reverse("jobs:detail", args=[job_id]))


@acting(Act.EXPORT_EVIDENCE)
@require_POST
def evidence(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """The evidence pack, as a download."""
    actor, form = actor_of(request), EvidenceForm(request.POST)
    job = get_object_or_404(queries.detailed(actor), pk=job_id)
    if not form.is_valid():
        context = shown.page(job, actor) | {"evidence_form": form}
        return render(request, "jobs/detail.html", context, status=422)
    pack = export_evidence(actor=actor, job=job, release=Release(**form.cleaned_data))
    answer = HttpResponse(pack, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{job.reference}.evidence.json"'
    return answer
