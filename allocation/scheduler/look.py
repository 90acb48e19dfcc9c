"""What the pass sees: the queue with what each job may use, the free devices, what runs, and every limit."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from allocation.clock import database_now
from allocation.dispatch.checkpoints import holders_of
from allocation.grants.models import Grant
from allocation.jobs.fitness import NO_FIT_HOST, fit_hosts
from allocation.jobs.models import Job
from allocation.scheduler.limits import Limits, read_limits
from allocation.scheduler.models import SchedulerRules
from allocation.scheduler.placement import FreeDevice, Line, Pair, Request, Running, Snapshot, Waits
from allocation.scheduler.placement.history import remaining_of
from allocation.scheduler.rows import ALL, Queued, device_of, read_forerunners, read_free, read_queue, read_running
from allocation.scheduler.runtimes import Runtimes, sorts_of
from allocation.scheduler.usage import Shares, current_rules, shares_at
from allocation.scheduler.verdicts import Kind, Verdict, Verdicts


@dataclass(frozen=True)
class Look:
    """What a pass found: the snapshot for placement, the jobs that wait for another reason, and what bounds all.

    ``kinds`` are those of the queued jobs, ``verdicts`` theirs; ``attempts`` the live attempt of each running job.
    """

    snapshot: Snapshot
    waits: tuple[Waits, ...]
    kinds: dict[str, Kind]
    verdicts: dict[Kind, Verdict]
    attempts: dict[str, UUID]
    limits: Limits
    shares: Shares
    rules: SchedulerRules
    is_whole: bool = True


@dataclass
class Looker:
    """Looks around; what it learned and judged before, it keeps."""

    verdicts: Verdicts = field(default_factory=Verdicts)
    runtimes: Runtimes = field(default_factory=Runtimes)

    def look(self, now: datetime, most: int = ALL) -> Look:
        """Read the queue, judge each kind of job, and find devices, runs and limits.

        Args:
            most: how many of like jobs to look at; ``Look.is_whole`` says whether that was everybody.
        """
        self.verdicts.refresh()
        self.runtimes.learn()
        queued = read_queue(now, most)
        rules = current_rules()
        limits = read_limits({each.filing for each in queued}, now)
        shares = shares_at(now, rules)
        apart = next((fit_hosts(Job(pk=each.id)) for each in queued if each.is_command), frozenset())
        sight = Sight(self, now, limits, _free_ms({each.grant for each in queued}), read_forerunners(), apart)
        asked = [(each, sight.ask(each)) for each in queued]
        requests = tuple(found for _, found in asked if isinstance(found, Request))
        attempts, running = self._running(now, rules, limits)
        snapshot = Snapshot(
            requests,
            read_free(now),
            limits.caps,
            lines=_merged(sight.lines, limits.lines),
            running=running,
            claims={path: shares.claim(path) for path in {request.path for request in requests}},
            quotas=limits.quotas,
            now_s=now.timestamp(),
            bound_s=rules.bound_hours * 3600.0,
        )
        waits = tuple(found for _, found in asked if isinstance(found, Waits))
        kinds = {str(each.id): each.kind for each, found in asked if isinstance(found, Request)}
        is_whole = max(Counter(each.kind for each in queued).values(), default=0) < most
        return Look(snapshot, waits, kinds, sight.verdicts, attempts, limits, shares, rules, is_whole)

    def sight(self, look: Look, now: datetime) -> Sight:
        """What a look knew while it judged, for one more job."""
        return Sight(self, now, look.limits, {}, {}, fit_hosts(Job()))

    def _running(
        self, now: datetime, rules: SchedulerRules, limits: Limits
    ) -> tuple[dict[str, UUID], tuple[Running, ...]]:
        rows = read_running()
        devices: dict[UUID, list[FreeDevice]] = defaultdict(list)
        for row in rows:
            devices[row[0]].append(device_of(row[20:]))
        first = {row[0]: row for row in rows}
        found = tuple(self._run(row, tuple(devices[pk]), now, rules, limits) for pk, row in first.items())
        return {str(row[1]): pk for pk, row in first.items()}, found

    def _run(
        self,
        row: tuple[Any, ...],
        devices: tuple[FreeDevice, ...],
        now: datetime,
        rules: SchedulerRules,
        limits: Limits,
    ) -> Running:
        (_, job, label, name, state, placed_at, began_at, limit_ms, deadline_at, organisation, team, person, filing,
         is_command, submitted_at, priority, stops, saved_at, has_saved, held_s) = row[:20]  # fmt: skip
        began = began_at or placed_at
        served_s = (now - began).total_seconds()
        is_leaving = state == "draining"
        waited_s = (placed_at - submitted_at).total_seconds() - float(held_s)
        may_be_stopped = (
            rules.may_preempt
            and state == "running"
            and (has_saved or not is_command)
            and stops < rules.stops_most
            and served_s >= rules.quantum_minutes * 60.0 * 2**stops
            and waited_s < rules.bound_hours * 3600.0
        )
        likely = self.runtimes.likely_s(sorts_of(str(team), len(devices), name), limit_ms / 1000)
        leaves_s = max((deadline_at or now).timestamp(), now.timestamp())
        ends = (leaves_s,) * 3 if is_leaving else _ends(began.timestamp(), served_s, likely, limit_ms / 1000)
        return Running(
            job=str(job),
            label=label,
            devices=devices,
            started_s=began.timestamp(),
            ends_s=ends,
            path=(str(organisation), str(team), str(person)),
            priority=priority,
            may_be_stopped=may_be_stopped,
            lost_device_s=(now - max(saved_at or began, began)).total_seconds() * len(devices),
            caps=frozenset({str(filing)}),
            accounts=limits.accounts(str(organisation), str(team), devices[0].chip),
            leaves=is_leaving,
        )


def look_now() -> Look:
    """A look for a page or an answer, on what this process learned and judged before."""
    return _LOOKER.look(database_now())


@dataclass
class Sight:
    """What is known while the queue is judged."""

    looker: Looker
    now: datetime
    limits: Limits
    free_ms: dict[UUID, int]
    forerunners: dict[UUID, str]
    apart: frozenset[str]
    lines: dict[str, Line] = field(default_factory=dict)
    verdicts: dict[Kind, Verdict] = field(default_factory=dict)

    def ask(self, job: Queued) -> Request | Waits:
        """What a job asks of placement, or why it waits for something else."""
        if job.id in self.forerunners:
            return Waits(str(job.id), f"It waits until {self.forerunners[job.id]} has succeeded."[:500])
        if job.is_command and not self.apart:
            return Waits(str(job.id), NO_FIT_HOST)
        has_time = self.free_ms.get(job.grant, 0) >= job.devices * job.limit_ms
        verdict = self.looker.verdicts.of(job.kind, job.id, has_time=has_time, now=self.now)
        return self.ask_about(job, verdict)

    def ask_about(self, job: Queued, verdict: Verdict) -> Request | Waits:
        """What a job asks of placement by a verdict on its chain, or why it waits for something else."""
        if not verdict.chain.is_whole:
            return Waits(str(job.id), "; ".join(verdict.chain.reasons)[:500])
        if job.is_command and not self.apart:
            return Waits(str(job.id), NO_FIT_HOST)
        late = self._outlasts(job, verdict)
        if late:
            return Waits(str(job.id), late)
        self.lines.update(verdict.lines)
        self.verdicts[job.kind] = verdict
        return self._request(job, verdict.pairs)

    def _outlasts(self, job: Queued, verdict: Verdict) -> str:
        ends_at = verdict.ends_at
        if job.saves or ends_at is None or self.now.timestamp() + job.limit_s <= ends_at.timestamp():
            return ""
        when = f"{ends_at:%d %b %Y %H:%M} UTC"
        return (
            f"It cannot end, by its time limit, before {verdict.ends_by} does ({when}), and it writes no checkpoints."
        )

    def _request(self, job: Queued, pairs: frozenset[Pair]) -> Request:
        chip, filing = str(job.chip), str(job.filing)
        return Request(
            job=str(job.id),
            label=job.reference,
            chip=chip,
            devices=job.devices,
            pool=str(job.order),
            pairs=pairs,
            cap=filing,
            priority=job.priority,
            path=job.path,
            arrived_s=job.submitted_at.timestamp() + float(job.held_s),
            limit_s=job.limit_s,
            checkpoints=job.saves,
            likely_s=self.looker.runtimes.likely_s(sorts_of(str(job.team), job.devices, job.name), job.limit_s),
            prefers=holders_of(Job(pk=job.id)) if job.has_checkpoint else frozenset(),
            only_on=self.apart if job.is_command else None,
            keeps_off=self.limits.keeps_off(filing, self.now, job.limit_s),
            accounts=self.limits.accounts(str(job.organisation), str(job.team), chip),
        )


def _free_ms(grants: set[UUID]) -> dict[UUID, int]:
    return {grant.pk: grant.free_ms for grant in Grant.objects.filter(pk__in=grants)}


def _merged(until: dict[str, Line], capped: dict[str, Line]) -> dict[str, Line]:
    """What each line allows, and until when."""
    names = until.keys() | capped.keys()
    return {name: replace(capped.get(name, Line()), until_s=until.get(name, Line()).until_s) for name in sorted(names)}


def _ends(
    began_s: float, served_s: float, likely: tuple[float, float, float], limit_s: float
) -> tuple[float, float, float]:
    """When a run may end: not before now, and by its time limit."""
    low, typical, high = (min(max(remaining_of(each, served_s), 0.0), max(limit_s - served_s, 0.0)) for each in likely)
    now_s = began_s + served_s
    return now_s + min(low, typical), now_s + typical, now_s + max(typical, high)


_LOOKER: Final = Looker()
