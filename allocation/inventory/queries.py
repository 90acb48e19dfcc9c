"""Reading hosts and devices."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.dispatch.checkpoints import holders_of
from allocation.dispatch.models import Lease
from allocation.grants.models import Reservation
from allocation.inventory.models import Device, Host, Incident
from allocation.jobs.models import Attempt, AttemptHost, Job
from allocation.jobs.states import AttemptState, JobState
from procurement.licences.models import Licence, LicenceLine


def visible_to(actor: Actor) -> QuerySet[Device]:
    """Every device, for those who may see devices; nobody else sees one."""
    devices = Device.objects.select_related(
        "chip", "site", "host", "exporter_line__licence", "importer_line__licence", "item__receipt"
    ).annotate(is_leased=Exists(Lease.objects.filter(device=OuterRef("pk"), released_at=None)))
    return devices if actor.may(Act.SEE_DEVICES) else devices.none()


def bound_to(licence: Licence) -> Q:
    """The devices that stand on a line of a licence, as a condition on ``Device``; ``distinct`` is the caller's."""
    drawn = Q(item__draws__line__licence=licence)
    return Q(exporter_line__licence=licence) | Q(importer_line__licence=licence) | drawn


def further_lines(device: Device) -> QuerySet[LicenceLine]:
    """The licence lines it stands on beyond the first of each side."""
    drawn = LicenceLine.objects.filter(pk__in=device.line_ids)
    first = [device.exporter_line_id, device.importer_line_id]
    return drawn.exclude(pk__in=[pk for pk in first if pk]).select_related("licence").order_by("licence__reference")


def hosts_visible_to(actor: Actor) -> QuerySet[Host]:
    """Every host, for those who may see devices."""
    hosts = Host.objects.select_related("site").prefetch_related("devices")
    return hosts if actor.may(Act.SEE_DEVICES) else hosts.none()


@dataclass(frozen=True)
class HostWhatIf:
    """What stops where a host is drained or falls away now.

    Attributes:
        jobs: what runs on it. teams: names of their teams. gpu_ms: GPU-milliseconds that they still hold in reserve.
        checkpointed: references of the jobs whose newest checkpoint no other host can read.
    """

    jobs: tuple[Job, ...]
    teams: tuple[str, ...]
    gpu_ms: int
    checkpointed: tuple[str, ...]


def what_would_stop_host(host: Host) -> HostWhatIf:
    """Everything that runs on a host now, and every live job whose checkpoint lies on it alone."""
    live = Attempt.objects.filter(hosts__host=host).exclude(state=AttemptState.ENDED)
    jobs = tuple(Job.objects.filter(attempts__in=live).select_related("team").distinct().order_by("reference"))
    reserved = Reservation.objects.filter(attempt__in=live, settled_at=None).aggregate(total=Sum("reserved_ms"))
    kept = Job.objects.filter(state__in=[JobState.WAITING, JobState.RUNNING], checkpoints__attempt__hosts__host=host)
    alone = [job.reference for job in kept.distinct().order_by("reference") if holders_of(job) == {str(host.pk)}]
    return HostWhatIf(jobs, tuple(sorted({job.team.name for job in jobs})), reserved["total"] or 0, tuple(alone))


def attempts_on(host: Host) -> QuerySet[AttemptHost]:
    """The attempts of a host, newest first."""
    return AttemptHost.objects.filter(host=host).select_related("attempt__job__team").order_by("-attempt__placed_at")


def incidents_of_host(host: Host) -> QuerySet[Incident]:
    """What is open about a host and its devices."""
    return Incident.objects.filter(host=host, closed_at=None).select_related("case", "device")


def incidents_visible_to(actor: Actor) -> QuerySet[Incident]:
    """Every incident, for those who may see devices."""
    found = Incident.objects.select_related("case", "device", "host")
    return found if actor.may(Act.SEE_DEVICES) else found.none()


def open_incidents(device: Device) -> QuerySet[Incident]:
    """What is not yet cleared up about a device."""
    return device.incidents.filter(closed_at=None).select_related("case")


def leases_of(device: Device) -> QuerySet[Lease]:
    """Which attempts held the device, newest first."""
    return device.leases.select_related("attempt__job__team").order_by("-placed_at")
