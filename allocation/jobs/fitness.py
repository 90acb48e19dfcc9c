"""Whether a job may start as far as other jobs and the hosts' isolation go: what the chain does not judge."""

from __future__ import annotations

from typing import Final

from allocation.inventory.models import Host
from allocation.inventory.states import HostState
from allocation.jobs.models import Job
from allocation.jobs.states import JobState
from gpu_runtime.protocol.levels import COMMAND_LEVELS, COMMAND_NEEDS, admits_commands

NO_FIT_HOST: Final = f"A team's own program runs only on hosts that give it {COMMAND_NEEDS}; none is enrolled."


def fit_hosts(job: Job) -> frozenset[str]:
    """The hosts whose isolation admits a team's own program."""
    found = Host.objects.filter(state=HostState.ENROLLED, isolation__in=sorted(COMMAND_LEVELS))
    return frozenset(str(pk) for pk in found.values_list("pk", flat=True))


def level_fault(job: Job, host: Host) -> str | None:
    """Why a host must not run a job of a team's own program, as it reports its isolation now."""
    level = str(host.isolation)
    if not job.is_command or admits_commands(level):
        return None
    return f"A team's own program needs {COMMAND_NEEDS}; {host.name} gives {level or 'nothing that it reports'}."


def forerunners_of(job: Job) -> list[str]:
    """References of the jobs that have to succeed first and have not yet."""
    ahead = job.after.exclude(state=JobState.SUCCEEDED).order_by("reference")
    return list(ahead.values_list("reference", flat=True))
