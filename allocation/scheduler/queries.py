"""Reading the queue, capacity over time, shares and quotas for pages and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.actors import Actor
from accounts.models import Organisation, Person, Team
from allocation.clock import end_of
from allocation.dispatch.models import Lease
from allocation.inventory.models import Host
from allocation.jobs.models import Job
from allocation.jobs.queries import visible_to
from allocation.jobs.states import JobState
from allocation.scheduler.limits import live_bookings
from allocation.scheduler.look import Look
from allocation.scheduler.models import DeviceQuota, JobOutlook
from allocation.scheduler.telling import to_minute
from allocation.scheduler.usage import Shares
from procurement.licences.models import LicenceLine
from procurement.licences.states import LicenceState

PAST: Final = timedelta(hours=24)
AHEAD_MOST: Final = timedelta(days=30)
BARS_MOST: Final = 2_000


def waiting(actor: Actor) -> QuerySet[Any]:
    """The waiting jobs that one may see, in the order in which they stand, each with its ``urgency``."""
    jobs = visible_to(actor).filter(state=JobState.WAITING).select_related("outlook", "own_priority")
    jobs = jobs.select_related("filing__scheduling_priority")
    jobs = jobs.annotate(urgency=Coalesce("own_priority__priority", "filing__scheduling_priority__priority", 0))
    return jobs.order_by("chip__name", F("outlook__position").asc(nulls_last=True), "submitted_at")


def outlook_of(job: Job) -> JobOutlook | None:
    """Where a waiting job stands; ``None`` where it does not wait or no pass has seen it."""
    return JobOutlook.objects.filter(job=job).first() if job.state == JobState.WAITING else None


@dataclass(frozen=True)
class Bar:
    """Devices of one host held by one job over a time; ``kind`` is past, running or booked."""

    host: str
    label: str
    kind: str
    devices: int
    starts_at: datetime
    ends_at: datetime
    late_at: datetime | None = None
    url: str = ""


def bars(look: Look, now: datetime) -> list[Bar]:
    """What held devices since yesterday, holds them now and until when probably, and what is booked."""
    names = dict(_host_names())
    running = {job.job: job for job in look.snapshot.running}
    leases = Lease.objects.filter(charged_from__isnull=False, charged_until__gt=now - PAST)
    past = (
        leases.values("attempt", "attempt__job", "attempt__job__reference", "device__host")
        .annotate(starts=F("charged_from"), ends=F("charged_until"))
        .order_by("charged_from")[: BARS_MOST * 8]
    )
    found: dict[tuple[Any, ...], list[Any]] = {}
    for row in past:
        key = (row["attempt"], row["device__host"], row["attempt__job__reference"], row["attempt__job"])
        found.setdefault(key, [0, row["starts"], row["ends"]])[0] += 1
    made = [
        Bar(names.get(str(host), "–"), label, "past", count, starts, ends, None, reverse("jobs:detail", args=[job]))
        for (_, host, label, job), (count, starts, ends) in found.items()
    ]
    for job in running.values():
        for host in {device.host for device in job.devices}:
            count = sum(device.host == host for device in job.devices)
            starts, ends, late = (to_minute(each) for each in (job.started_s, job.ends_s[1], job.ends_s[2]))
            url = reverse("jobs:detail", args=[job.job])
            made.append(Bar(names.get(host, "–"), job.label, "running", count, starts, ends, late, url))
    for booking in live_bookings(now).prefetch_related("hosts__devices").select_related("filing"):
        made += [
            Bar(host.name, f"{booking.reference}: {booking.filing.reference}", "booked", host.devices.count(),
                booking.starts_at, booking.ends_at, None, reverse("schedule:bookings"))
            for host in booking.hosts.all()
        ]  # fmt: skip
    return sorted(made, key=lambda bar: (bar.host, bar.starts_at, bar.label))[:BARS_MOST]


def _host_names() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Host.objects.values_list("pk", "name")]


@dataclass(frozen=True)
class LicenceEnd:
    """When the use of a licence line ends, and how many devices stand on it."""

    reference: str
    line: int
    chip: str
    ends_at: datetime
    devices: int
    url: str


def licence_ends(now: datetime) -> list[LicenceEnd]:
    """The lines whose use ends within the time that is drawn."""
    lines = LicenceLine.objects.filter(
        licence__state=LicenceState.ACTIVE, use_until__gte=now.date() - PAST, use_until__lte=(now + AHEAD_MOST).date()
    )
    lines = lines.select_related("licence", "chip").order_by("use_until", "licence__reference")
    return [
        LicenceEnd(
            line.licence.reference, line.number, line.chip.name, end_of(line.use_until), line.drawn,
            reverse("licences:detail", args=[line.licence.reference]),
        )
        for line in lines if line.use_until
    ]  # fmt: skip


@dataclass(frozen=True)
class Node:
    """One organisation, team or person of the fair-share tree; percentages are of what its siblings have or are due.

    ``is_owed`` says that it had less than its due, so that it goes before its siblings.
    """

    name: str
    depth: int
    weight: int
    device_hours: float
    had_pct: float
    due_pct: float

    @property
    def is_owed(self) -> bool:
        """Whether it had less than it is due."""
        return self.had_pct < self.due_pct


def share_tree(shares: Shares, look: Look) -> list[Node]:
    """Every node that used devices of late or waits for some, from the top, siblings by what they are owed."""
    paths = {path[:depth] for path in (*shares.use, *look.snapshot.claims) for depth in range(1, len(path) + 1)}
    names = _names(paths)
    found: list[Node] = []
    _grow((), paths, shares, names, found)
    return found


def _grow(
    above: tuple[str, ...], paths: set[tuple[str, ...]], shares: Shares, names: dict[str, str], found: list[Node]
) -> None:
    children = [path for path in paths if len(path) == len(above) + 1 and path[: len(above)] == above]
    used = sum(shares.use.get(path, 0.0) for path in children)
    due = sum(shares.weight(path) for path in children)
    for path in sorted(children, key=lambda path: (shares.use.get(path, 0.0) / shares.weight(path), path)):
        use, weight = shares.use.get(path, 0.0), shares.weight(path)
        had = 100 * use / used if used else 0.0
        found.append(Node(names.get(path[-1], "–"), len(above), weight, use / 3600, had, 100 * weight / due))
        _grow(path, paths, shares, names, found)


def _names(paths: set[tuple[str, ...]]) -> dict[str, str]:
    wanted = [{path[-1] for path in paths if len(path) == depth} for depth in (1, 2, 3)]
    models: tuple[Any, ...] = (Organisation, Team, Person)
    return {
        str(pk): name
        for model, ids in zip(models, wanted, strict=True)
        for pk, name in model.objects.filter(pk__in=ids).values_list("pk", "name")
    }


@dataclass(frozen=True)
class QuotaRow:
    """One quota, what its account uses of it, and what it borrows beyond."""

    quota: DeviceQuota
    used: int

    @property
    def borrowed(self) -> int:
        """Devices beyond what it is due."""
        return max(self.used - self.quota.nominal, 0)


def quota_rows(look: Look) -> list[QuotaRow]:
    """Every quota with what is in use."""
    used: dict[str, int] = {}
    for job in look.snapshot.running:
        for account in job.accounts:
            used[account] = used.get(account, 0) + len(job.devices)
    quotas = DeviceQuota.objects.select_related("organisation", "team__organisation", "chip")
    return [QuotaRow(each, used.get(each.account, 0)) for each in quotas]
