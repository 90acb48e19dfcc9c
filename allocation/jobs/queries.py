"""Reading jobs, attempts and what they report."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection
from django.db.models import Prefetch, QuerySet

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.jobs.models import Attempt, Job, LogChunk
from allocation.jobs.states import JobState

LIVE: Final = (JobState.WAITING, JobState.RUNNING)
POINTS_MOST: Final = 2000
LOG_BYTES_MOST: Final = 200_000
_CURVES: Final = {
    "loss": ("Training loss", "nats"),
    "held_out_loss": ("Held-out loss", "nats"),
    "tokens_per_s": ("Speed", "tokens/s"),
}
# Each step once, as the latest attempt told it; of a curve with too many, every n-th and the last.
_POINTS: Final = """
WITH told AS (
    SELECT DISTINCT ON (curve.name, m.step) curve.name, m.step, (m."values" ->> curve.name)::double precision AS value
    FROM allocation_metric m JOIN allocation_attempt a ON a.id = m.attempt_id
    CROSS JOIN unnest(%(names)s::text[]) AS curve(name)
    WHERE a.job_id = %(job)s AND jsonb_typeof(m."values" -> curve.name) = 'number'
    ORDER BY curve.name, m.step, a.number DESC, m.kind
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY name ORDER BY step) AS place, count(*) OVER (PARTITION BY name) AS points
    FROM told
)
SELECT name, step, value FROM placed
WHERE (place - 1) %% ((points + %(most)s - 1) / %(most)s) = 0 OR place = points
ORDER BY name, step
"""


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

    A step that was trained again after a resume counts once, as the later attempt reported it. A curve has 2,000
    points and its last at most, however much was reported.
    """
    curves: dict[str, list[list[float]]] = {name: [] for name in _CURVES}
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, {"names": list(_CURVES), "job": job.pk, "most": POINTS_MOST})
        for name, step, value in cursor.fetchall():
            curves[name].append([step, value])
    return [
        {"name": _CURVES[key][0], "unit": _CURVES[key][1], "points": points} for key, points in curves.items() if points
    ]


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
