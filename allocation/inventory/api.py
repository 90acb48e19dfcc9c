"""Hosts over the API: list, get, what if, drain, resume, retire.

Annotations are evaluated here, not postponed: `paginate` wraps a view, and the API's framework would then look a
postponed name such as `HostState` up in its own module.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema
from ninja.pagination import LimitOffsetPagination, paginate

from accounts.api import caller
from allocation.inventory import hosts, queries
from allocation.inventory.models import Host
from allocation.inventory.states import HostState

router = Router()


class HostOut(Schema):
    """A host as operators see it."""

    id: uuid.UUID
    name: str
    site: str
    state: str
    isolation: str
    devices: int
    last_seen_at: datetime
    drain_reason: str
    drain_by: datetime | None

    @staticmethod
    def resolve_site(host: Host) -> str:
        """Its name."""
        return str(host.site.name)

    @staticmethod
    def resolve_isolation(host: Host) -> str:
        """As the agent reports it."""
        return str(host.isolation or "")

    @staticmethod
    def resolve_devices(host: Host) -> int:
        """How many it reports."""
        return len(host.devices.all())


class WhatIfOut(Schema):
    """What stops where the host is drained now."""

    jobs: list[str]
    teams: list[str]
    gpu_ms: int
    checkpoints_held_alone: list[str]


class DrainIn(Schema):
    """Why, and for how many seconds what runs may go on."""

    reason: str = Field(min_length=1, max_length=300)
    finish_within_s: int = Field(default=0, ge=0, le=168 * 3600)


class ReasonIn(Schema):
    """Why."""

    reason: str = Field(min_length=1, max_length=300)


@router.get("", response=list[HostOut])
@paginate(LimitOffsetPagination)
def list_hosts(request: HttpRequest, state: HostState | None = None) -> QuerySet[Host]:
    """The hosts that one may see, by name."""
    found = queries.hosts_visible_to(caller(request)).order_by("name")
    return found.filter(state=state) if state else found


@router.get("/{host_id}", response=HostOut)
def get_host(request: HttpRequest, host_id: uuid.UUID) -> Host:
    """One host."""
    return _visible(request, host_id)


@router.get("/{host_id}/what-if", response=WhatIfOut)
def host_what_if(request: HttpRequest, host_id: uuid.UUID) -> dict[str, Any]:
    """What stops where it is drained now."""
    found = queries.what_would_stop_host(_visible(request, host_id))
    return {
        "jobs": [job.reference for job in found.jobs],
        "teams": list(found.teams),
        "gpu_ms": found.gpu_ms,
        "checkpoints_held_alone": list(found.checkpointed),
    }


@router.post("/{host_id}/drain", response=HostOut)
def drain_host(request: HttpRequest, host_id: uuid.UUID, said: DrainIn) -> Host:
    """Place nothing more on it; stop what runs by the window."""
    _visible(request, host_id)
    leave = hosts.Leave(said.reason, timedelta(seconds=said.finish_within_s))
    hosts.drain_host(actor=caller(request), host_id=host_id, leave=leave)
    return _visible(request, host_id)


@router.post("/{host_id}/resume", response=HostOut)
def resume_host(request: HttpRequest, host_id: uuid.UUID) -> Host:
    """Back into service."""
    _visible(request, host_id)
    hosts.resume_host(actor=caller(request), host_id=host_id)
    return _visible(request, host_id)


@router.post("/{host_id}/retire", response=HostOut)
def retire_host(request: HttpRequest, host_id: uuid.UUID, said: ReasonIn) -> Host:
    """For good; only when it is empty."""
    _visible(request, host_id)
    hosts.retire_host(actor=caller(request), host_id=host_id, reason=said.reason)
    return _visible(request, host_id)


def _visible(request: HttpRequest, host_id: uuid.UUID) -> Host:
    return get_object_or_404(queries.hosts_visible_to(caller(request)), pk=host_id)
