"""A runner that tells more than is kept: what is over is left out with its reason, and the attempt runs on."""

from typing import Any

import pytest
from django.db import connection

from allocation.dispatch import reports
from allocation.jobs.models import Attempt, Checkpoint, LogChunk, Metric
from allocation.jobs.queries import POINTS_MOST, series_of
from ledger.models import Entry
from tests.integration.allocation.worlds import World

pytestmark = pytest.mark.django_db


def _points(world: World, attempt: Attempt, number: int) -> list[list[float]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO allocation_metric (attempt_id, step, kind, "values", reported_at)
               SELECT %s, n, 'train', jsonb_build_object('loss', n / 2.0, 'note', 'x'), now()
               FROM generate_series(1, %s) AS n""",
            [attempt.pk, number],
        )
    (curve,) = series_of(attempt.job)
    points: list[list[float]] = curve["points"]
    return points


def test_lines_over_the_most_are_left_out_with_the_reason_and_the_log_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "METRIC_ROWS_MOST", 5)
    host = world.add_host()
    attempt = world.run(host)
    lines: list[dict[str, Any]] = [{"step": step, "kind": f"kind {step}"} for step in range(9)]
    host.metrics(attempt, *lines[:3])
    host.metrics(attempt, *lines[3:], log="what it said\n", expect=429)
    host.metrics(attempt, *lines[8:], expect=429)
    assert sorted(Metric.objects.values_list("step", flat=True)) == [0, 1, 2, 3, 4]
    assert LogChunk.objects.get().text == "what it said\n"
    host.metrics(attempt, log="")
    assert host.renew(attempt)[0]["answer"] == "run"


def test_checkpoints_over_the_most_of_a_minute_are_refused_and_the_attempt_runs_on(world: World) -> None:
    host = world.add_host()
    attempt = world.run(host)
    for step in range(reports.COMMITS_A_MINUTE_MOST):
        host.checkpoint(attempt, step)
    for step in range(100, 103):
        host.checkpoint(attempt, step, expect=429)
    assert Checkpoint.objects.count() == reports.COMMITS_A_MINUTE_MOST
    assert Entry.objects.filter(act="checkpoint.committed").count() == reports.COMMITS_A_MINUTE_MOST
    assert host.renew(attempt)[0]["answer"] == "run"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE allocation_checkpoint SET committed_at = committed_at - interval '61 seconds'")
    host.checkpoint(attempt, 100)
    assert Checkpoint.objects.filter(step=100).exists()


@pytest.mark.parametrize("number", [1, POINTS_MOST, POINTS_MOST + 1, 10 * POINTS_MOST + 7])
def test_curve_has_a_bounded_number_of_points_from_its_first_step_to_its_last(world: World, number: int) -> None:
    attempt = world.run(world.add_host())
    points = _points(world, attempt, number)
    assert len(points) <= POINTS_MOST + 1
    assert (points[0], points[-1]) == ([1, 0.5], [number, number / 2])
    assert points == sorted(points)
    assert len(points) == number or number > POINTS_MOST
