"""Which hosts hold what a job goes on from: a checkpoint on a host's own disk is of no use to another host."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from allocation.inventory.models import Host
from allocation.inventory.states import HostState
from allocation.jobs.models import AttemptHost, Checkpoint, Job


def holders_of(job: Job) -> frozenset[str]:
    """The hosts from which the newest whole checkpoint of a job can be read."""
    newest = _newest_first(job)[:1]
    return _readers(newest[0]) if newest else frozenset()


def resume_on(job: Job, hosts: Iterable[str]) -> dict[str, object] | None:
    """The newest whole checkpoint, over all attempts, that every one of ``hosts`` can read; ``None`` where none is.

    A job that has to start anew because its host is lost with its disk says so by the step it resumes from.
    """
    wanted = set(hosts)
    for found in _newest_first(job):
        if wanted <= _readers(found):
            return {"step": found.step, "name": found.name, "manifest_sha256": found.manifest_sha256}
    return None


def _newest_first(job: Job) -> list[Checkpoint]:
    return list(Checkpoint.objects.filter(job=job).order_by("-step", "-committed_at")[:20])


def _readers(checkpoint: Checkpoint) -> frozenset[str]:
    """The hosts that wrote it, and those that share their folder. Folders of no name count as one, as they did."""
    wrote = AttemptHost.objects.filter(attempt=checkpoint.attempt_id).values_list("host_id", flat=True)
    stores = Host.objects.filter(pk__in=wrote).values_list("checkpoint_store", flat=True)
    share = Host.objects.filter(checkpoint_store__in=set(stores)).exclude(state=HostState.RETIRED)
    readers: set[UUID] = set(wrote) | set(share.values_list("pk", flat=True))
    return frozenset(str(pk) for pk in readers)
