"""Reading jobs, attempts and what they report."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Prefetch, QuerySet

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.jobs.models import Attempt, Job, LogChunk, Metric
from allocation.jobs.states import JobState

LIVE: Final = (JobState.WAITING, JobState.RUNNING)
POINTS_MOST: Final = 2000
LOG_BYTES_MOST: Final = 200_000


def visible_to(actor: Actor) -> QuerySet[Job]:
    """Those who see all work see every job; applicants those of their team."""
    jobs = Job.objects.select_related("team__organisation", "filing", "grant", "chip")
    return jobs if actor.may(Act.SEE_ALL_WORK) else jobs.filter(team=actor.team)


def detailed(actor: Actor) -> QuerySet[Job]:
    """A job with its attempts and the devices that they held."""
    attempts = Attempt.objects.order_by("-number").prefetch_related("leases__device", "hosts__host")
    return visible_to(actor).select_related("filing__order").prefetch_related(Prefetch("attempts", queryset=attempts))


def live_attempt(job: Job) -> Attempt | None:
    """The newest attempt, running or not."""
    return job.attempts.order_by("-number").first()


def series_of(job: Job) -> list[dict[str, Any]]:
    """Curves for the chart, over all attempts: training loss, held-out loss and speed by step.

    A step that was trained again after a resume counts once, as the later attempt reported it.
    """
    rows = Metric.objects.filter(attempt__job=job).order_by("attempt__number", "step")
    curves: dict[str, dict[int, float]] = {"loss": {}, "held_out_loss": {}, "tokens_per_s": {}}
    for step, values in rows.values_list("step", "values"):
        for name, points in curves.items():
            if isinstance(values.get(name), int | float):
                points[step] = float(values[name])
    names = {"loss": ("Training loss", "nats"), "held_out_loss": ("Held-out loss", "nats")}
    names["tokens_per_s"] = ("Speed", "tokens/s")
    return [
        {"name": names[key][0], "unit": names[key][1], "points": _thinned(sorted(points.items()))}
        for key, points in curves.items()
        if points
    ]


def _thinned(points: list[tuple[int, float]]) -> list[list[float]]:
    stride = max(1, -(-len(points) // POINTS_MOST))
    kept = points[::stride] + ([points[-1]] if points and (len(points) - 1) % stride else [])
    return [[step, value] for step, value in kept]


def log_from(attempt: Attempt, offset: int) -> tuple[str, int]:
    """Log text from a byte offset on, and the offset after it (at most 200 kB at a time)."""
    text, end = "", offset
    chunks = LogChunk.objects.filter(attempt=attempt).order_by("offset")
    first = chunks.filter(offset__lte=offset).values_list("offset", flat=True).last() or 0
    for chunk in chunks.filter(offset__gte=first).iterator():
        raw = chunk.text.encode()
        text += raw[max(offset - chunk.offset, 0) :].decode(errors="ignore")
        end = max(end, chunk.offset + len(raw))
        if len(text) >= LOG_BYTES_MOST:
            break
    return text, end
