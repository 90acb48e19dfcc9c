"""Many names at once on pages: handed in as a file, watched by a progress bar, taken away as a file."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import Act
from accounts.web import acting, actor_of, cell, see_other, try_act
from procurement.screening import health
from procurement.screening.batch_services import ask_batch
from procurement.screening.forms import BatchForm
from procurement.screening.models import BatchScreening, BatchScreeningLine
from procurement.screening.queries import batch_progress, recent_batches

COLUMNS = (
    "line", "ref", "name", "country", "hits", "score", "list", "listed_name", "effect", "entry", "notice", "fault",
)  # fmt: skip
SHOWN = 50


class _Echo:
    """A file that hands back what is written to it, for streaming."""

    def write(self, value: str) -> str:
        return value


@acting(Act.SCREEN_AD_HOC)
@require_http_methods(["GET", "POST"])
def batches(request: HttpRequest) -> HttpResponseBase:
    """Hand in a file of names, and see those handed in before."""
    form = BatchForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        made: list[BatchScreening] = []
        file = form.cleaned_data["file"]
        done = try_act(
            request,
            lambda: made.append(
                ask_batch(
                    actor=actor_of(request),
                    file_name=file.name,
                    content=file.read(),
                    purpose=form.cleaned_data["purpose"],
                )
            ),
            done=_("Handed in and logged. The names are looked up now."),
            form=form,
        )
        if done:
            return see_other(reverse("screening:batch", args=[made[0].pk]))
    context = {"form": form, "batches": recent_batches(), "health": health.list_health()}
    return render(request, "screening/batches.html", context, status=422 if form.errors else 200)


@acting(Act.SCREEN_AD_HOC)
@require_GET
def batch(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """How far a batch is, and the lines with hits, the most alike first."""
    found = get_object_or_404(BatchScreening.objects.select_related("membership__person"), pk=batch_id)
    progress = batch_progress(found)
    context: dict[str, Any] = {"batch": found, "progress": progress, "lines": progress.with_hits[:SHOWN]}
    is_part = bool(getattr(request, "htmx", False))
    return render(request, "screening/_batch.html" if is_part else "screening/batch.html", context)


@acting(Act.SCREEN_AD_HOC)
@require_GET
def batch_result(request: HttpRequest, batch_id: uuid.UUID) -> StreamingHttpResponse:
    """The result as CSV: a row for each hit, one for each name without any, and each bad line with its fault."""
    found = get_object_or_404(BatchScreening, pk=batch_id)
    answer = StreamingHttpResponse(_rows(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="screening-{found.pk}.csv"'
    return answer


def _rows(found: BatchScreening) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for line in found.lines.iterator(500):
        for row in _of_line(line):
            yield writer.writerow([cell(value) for value in row])


def _of_line(line: BatchScreeningLine) -> Iterator[tuple[object, ...]]:
    ours = (line.number, line.ref, line.name, line.country)
    hits = line.hits or []
    if not hits:
        fault = line.fault or ("" if line.hits is not None else "not looked up yet")
        yield (*ours, 0, "", "", "", "", "", "", fault)
    for hit in hits:
        score = f"{hit['score'] / 10:.1f}"
        yield (
            *ours, len(hits), score, hit["list"], hit["matched_name"], hit["effect"], hit["entry"], hit["url"], "",
        )  # fmt: skip
