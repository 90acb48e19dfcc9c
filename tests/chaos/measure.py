"""`python -m tests.chaos --measure 5`: the same plant without faults, and how long what matters takes on it.

Times are the defaults (ttl 20 s, grace 8 s, margin 10 s). Short jobs pass through the whole path first: submitted,
leased, warranted, run under a guard, ended, recorded. Each round then suspends both licences under running jobs that
save at once, restores them, cuts a host off until its jobs run elsewhere, and heals it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import F

from allocation.dispatch.models import DrainItem
from allocation.inventory.models import Device
from allocation.jobs.models import Attempt, AttemptHost, Job
from allocation.jobs.services import submit_job
from procurement.licences import acts as licences
from procurement.licences.models import Licence
from procurement.licences.queries import open_act
from procurement.licences.states import LicenceAction
from tests.chaos import checker
from tests.chaos.checker import Life
from tests.chaos.figures import spread
from tests.chaos.plant import Plant, until
from tests.chaos.stage import Stage
from tests.integration.allocation.worlds import World

PATIENCE_S: Final = 180.0
LONG, SHORT = 100_000, 1


def measure(stage: Stage, rounds: int, short_jobs: int) -> dict[str, Any]:
    """Every figure, as least, median, most and count."""
    found: dict[str, list[float]] = {
        name: [] for name in ("revocation to SIGTERM", "revocation to last process", "cut to last process",
                              "cut to resumed elsewhere", "submitted to first line")
    }  # fmt: skip
    rate = _short_jobs(stage, short_jobs, found["submitted to first line"])
    for _ in range(rounds):
        _revoke(stage, found)
        _lose_a_host(stage, found)
    return {**{f"{name}, s": spread(values) for name, values in found.items()}, **rate}


def _keep_running(stage: Stage) -> None:
    """A long job on every device."""
    missing = 16 - Job.objects.filter(state__in=["waiting", "running"]).count()
    for number in range(missing):
        _submit(stage.worlds[(number + 1) % 2], LONG)
    _wait(stage, lambda: Attempt.objects.filter(state="running").count() == 16 and len(_living(stage)) >= 16)


def _submit(world: World, steps: int) -> Job:
    more = f"  steps: {steps}\n  warmup_steps: 0\nback_off: 1s\n"
    return submit_job(actor=world.team, source=world.source(limit="1h") + more)


def _living(stage: Stage) -> list[Life]:
    """Jobs' own processes that wrote a line within the last second."""
    now = datetime.now(UTC)
    return [life for life in _lives(stage) if not life.is_child and (now - life.last).total_seconds() < 1]


def _lives(stage: Stage) -> list[Life]:
    return checker.read_records([stage.folder / "records" / name for name in stage.plant.hosts])


def _wait(stage: Stage, condition: Any) -> None:
    if not until(condition, PATIENCE_S):
        raise SystemExit(f"The plant waited in vain; its logs:\n{stage.last_words()}")


def _revoke(stage: Stage, found: dict[str, list[float]]) -> None:
    """Suspend both licences at once, and see from the hosts' records when each process heard of it and was gone."""
    _keep_running(stage)
    running = {str(pk) for pk in Attempt.objects.filter(state="running").values_list("pk", flat=True)}
    for world in stage.worlds:
        licences.suspend_licence(
            actor=world.officer, licence=Licence.objects.get(pk=world.exporter.pk), reason="The authority's letter."
        )
    _wait(stage, lambda: not Attempt.objects.filter(pk__in=running).exclude(state="ended").exists())
    begun = {
        str(pk): at
        for pk, at in DrainItem.objects.filter(attempt__in=running).values_list("attempt_id", F("drain__begun_at"))
    }
    for life in _lives(stage):
        if life.attempt in begun:
            found["revocation to last process"].append((life.last - begun[life.attempt]).total_seconds())
            if life.told:
                found["revocation to SIGTERM"].append((life.told - begun[life.attempt]).total_seconds())
    for world in stage.worlds:
        _restore(world)


def _restore(world: World) -> None:
    licence = Licence.objects.get(pk=world.exporter.pk)
    proposal = licences.Proposal(action=LicenceAction.REINSTATE, reason="The authority's second letter.")
    act = open_act(licence) or licences.propose_licence_act(actor=world.officer, licence=licence, proposal=proposal)
    licences.countersign_licence_act(actor=world.second, act=act)


def _lose_a_host(stage: Stage, found: dict[str, list[float]]) -> None:
    """Cut a host off, with room for its jobs on the other host of its site, and wait until they run there."""
    plant: Plant = stage.plant
    _keep_running(stage)
    _make_room(stage)
    lost = list(AttemptHost.objects.filter(host__name="host-0", attempt__state="running").select_related("attempt"))
    cut_at = datetime.now(UTC)
    plant.wires.cut("host-0")
    jobs = {place.attempt.job_id: place.attempt.number for place in lost}
    _wait(stage, lambda: len(_resumed(jobs)) == len(jobs))
    found["cut to resumed elsewhere"] += [(at - cut_at).total_seconds() for at in _resumed(jobs)]
    of_lost = {str(place.attempt_id) for place in lost}
    gone = [life.last for life in _lives(stage) if life.attempt in of_lost]
    found["cut to last process"] += [(at - cut_at).total_seconds() for at in gone]
    plant.wires.heal("host-0")
    _wait(stage, lambda: Device.objects.filter(host__name="host-0", state="available").count() == 4)


def _make_room(stage: Stage) -> None:
    """Cancel what runs on the second host, and let host-0's jobs alone be live in their world."""
    from allocation.jobs.services import cancel_job

    world: World = stage.worlds[0]
    elsewhere = AttemptHost.objects.filter(host__name="host-1").exclude(attempt__state="ended")
    for job_id in list(elsewhere.values_list("attempt__job_id", flat=True)):
        cancel_job(actor=world.team, job_id=job_id)
    _wait(stage, lambda: not elsewhere.exists())


def _resumed(jobs: dict[Any, int]) -> list[datetime]:
    later = Attempt.objects.filter(job_id__in=jobs, started_at__isnull=False)
    told = later.values_list("job_id", "number", "started_at")
    return [at for job_id, number, at in told if number > jobs[job_id]]


def _short_jobs(stage: Stage, count: int, first_lines: list[float]) -> dict[str, Any]:
    """So many jobs that end at once, submitted as fast as they are taken."""
    _wait(stage, lambda: not Job.objects.filter(state__in=["waiting", "running"]).exists())
    before = set(Job.objects.values_list("pk", flat=True))
    began, submitted = time.monotonic(), 0
    while submitted < count:
        _wait(stage, lambda: Job.objects.filter(state="waiting").count() < 100)
        for _ in range(min(20, count - submitted)):
            _submit(stage.worlds[submitted % 2], SHORT)
            submitted += 1
    mine = Job.objects.exclude(pk__in=before)
    _wait(stage, lambda: not mine.filter(state__in=["waiting", "running"]).exists())
    seconds = time.monotonic() - began
    starts = {life.attempt: life.first for life in _lives(stage) if not life.is_child}
    told = Attempt.objects.filter(job__in=mine, number=1).values_list("pk", "job__submitted_at")
    first_lines += [(starts[str(pk)] - at).total_seconds() for pk, at in told if str(pk) in starts]
    return {"short jobs": count, "short jobs a second": round(count / seconds, 2)}
