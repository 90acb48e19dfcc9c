"""A host falls silent: one incident for one silence, with every attempt that it carried."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from allocation.inventory.incidents import Finding, carried_by, report_finding
from allocation.inventory.models import Host, Incident, IncidentKind
from allocation.inventory.states import HostState
from allocation.jobs.models import Attempt

UNSEEN_FOR: Final = timedelta(days=1)
_NAMED: Final = 50


def note_lost_attempts(*, host_ids: Iterable[uuid.UUID], attempt: Attempt) -> None:
    """Open the incident of each silent host, or add the attempt to the one that its silence opened already."""
    with transaction.atomic():
        for host in Host.objects.filter(pk__in=set(host_ids)).order_by("pk"):
            known = carried_by(host)
            before = list(known.facts.get("attempts", [])) if known else []
            words = f"{attempt.job.reference} attempt {attempt.number}"
            _report(host, [*before, words] if words not in before else before)


def note_unseen_hosts() -> list[Incident]:
    """An idle host that nobody has heard of for a day holds devices that are unaccounted for."""
    unseen = Host.objects.exclude(state=HostState.RETIRED).filter(last_seen_at__lt=Now() - UNSEEN_FOR)
    return [_report(host, []) for host in unseen.order_by("pk") if carried_by(host) is None]


def _report(host: Host, attempts: list[str]) -> Incident:
    carried = ", ".join(attempts) if attempts else "no attempt"
    heard = host.last_seen_at.isoformat(timespec="seconds")
    serials = list(host.devices.order_by("serial").values_list("serial", flat=True)[:_NAMED])
    details = (
        f"{host.name} was last heard of at {heard}. It carried {carried}. Its devices stay in quarantine until it"
        f" reports that no process is left on them: {', '.join(serials) or 'none'}."
    )
    facts = {"attempts": attempts[:_NAMED], "last_seen_at": heard, "devices": serials}
    return report_finding(
        Finding(IncidentKind.HOST_SILENT, f"{host.name} fell silent", str(host.pk), None, host, facts, details)
    )
