"""Sixteen at once, on sessions of their own: eight submit, eight place, claim and end. No invariant breaks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import pytest
from django.db.models import Sum
from django.test import Client

from allocation.dispatch.models import Lease
from allocation.grants.models import Grant
from allocation.jobs.models import Attempt, AttemptHost, Job
from allocation.scheduler import policy
from allocation.scheduler.passes import Scheduler
from ledger.models import Entry
from procurement.licences.models import LicenceLine
from tests.integration.allocation.races import race
from tests.integration.allocation.worlds import FakeHost, World, make_world

pytestmark = pytest.mark.timeout(600)
HOSTS, SUBMITTERS, EACH, AT_ONCE = 8, 8, 3, 5
PATIENCE_S = 400


def most_at_once(spans: Iterable[tuple[datetime, datetime]]) -> int:
    """How many of these spans of time lie over each other at most."""
    steps = sorted(step for start, end in spans for step in ((end, -1), (start, 1)))
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def submit(world: World) -> None:
    for _ in range(EACH):
        world.submit()


def serve(host: FakeHost, deadline: float) -> None:
    """Place, claim what was placed here, and end it, until every job has ended."""
    scheduler = Scheduler()
    host.client = Client()
    while Job.objects.filter(state="succeeded").count() < SUBMITTERS * EACH:
        assert time.monotonic() < deadline, "the jobs did not end in time"
        scheduler.run()
        for place in AttemptHost.objects.filter(host=host.id, claim_nonce="").select_related("attempt"):
            host.claim(place.attempt)
            host.end(place.attempt)
        host.report()


@pytest.mark.django_db(transaction=True)
def test_sixteen_submitters_and_completions_at_once_break_no_invariant(client: Client) -> None:
    world = make_world(client, devices=HOSTS, granted_ms=10**12)
    type(world.filing).objects.filter(pk=world.filing.pk).update(max_devices=7)
    hosts = [world.add_host([world.serials[number]]) for number in range(HOSTS)]
    line = LicenceLine.objects.get(licence=world.exporter)
    policy.cap_line(actor=world.officer, line_id=line.pk, per_job=None, at_once=AT_ONCE, basis="Condition 4.")
    deadline = time.monotonic() + PATIENCE_S

    def act(number: int) -> None:
        if number < SUBMITTERS:
            submit(world)
        else:
            serve(hosts[number - SUBMITTERS], deadline)

    faults = [fault for fault in race(HOSTS + SUBMITTERS, act) if fault is not None]
    assert faults == []
    assert Counter(Job.objects.values_list("state", flat=True)) == {"succeeded": SUBMITTERS * EACH}
    attempts = list(Attempt.objects.select_related("job"))
    assert all(attempt.leases.count() == attempt.job.device_count for attempt in attempts)
    assert Counter(attempt.job_id for attempt in attempts if attempt.outcome == "succeeded").most_common(1)[0][1] == 1
    leases = list(Lease.objects.values_list("device", "placed_at", "released_at"))
    assert all(released for _, _, released in leases)
    for device in {device for device, _, _ in leases}:
        assert most_at_once((start, end) for each, start, end in leases if each == device) == 1
    assert most_at_once((start, end) for _, start, end in leases) <= AT_ONCE
    grant = Grant.objects.get(pk=world.grant.pk)
    charged = Attempt.objects.aggregate(total=Sum("reservation__charged_ms"))["total"]
    assert (grant.reserved_ms, grant.used_ms) == (0, charged)
    acts = Counter(Entry.objects.filter(act__in=["job.submitted", "job.placed"]).values_list("act", flat=True))
    assert acts == {"job.submitted": SUBMITTERS * EACH, "job.placed": len(attempts)}
