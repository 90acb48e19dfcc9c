"""Admissions with the shape of Kueue's baseline benchmark, on PostgreSQL: ``python -m bench.admissions``.

Thirty queues in five cohorts, a nominal quota of 20 devices each, borrowing up to 100; for each queue 350 small, 100
medium and 50 large jobs over time. Three processes: one hands jobs in, one ends them when their time is over, and this
one runs the live pass. An admission is a whole placement: chain versions compared, attempt, leases, GPU time reserved,
links, ledger row and bell, in one transaction. ``--share`` makes a run of that share of the jobs of each queue.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from datetime import timedelta
from typing import Any

QUEUES, COHORTS, NOMINAL, BORROW = 30, 5, 20, 100
SIZES = {"small": (1, 0.2, 350, 0.1, -100), "medium": (5, 0.5, 100, 0.5, 0), "large": (20, 1.0, 50, 1.2, 100)}
LIMIT_MS = 60_000
DEVICES_OF_HOST = 8
PATIENCE_S = 30


def main() -> None:
    """Make a database, run, print the table, drop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    asked = parser.parse_args()
    from config.embedded.services import ensure
    from tests import databases

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    ensure()
    name = databases.clone_name("admissions")
    databases.make_clone(databases.ensure_template(), name)
    os.environ["WRIT_DATABASE_NAME"] = name
    try:
        for line in run(asked.share):
            print(line, flush=True)
    finally:
        from django.db import connections

        connections.close_all()
        databases.drop_clone(name)


def run(share: float) -> list[str]:
    """Set up, let the three processes work, and count."""
    import django

    django.setup()
    filings = set_up()
    warm_up(filings)
    counts = {kind: max(round(size[2] * share), 1) for kind, size in SIZES.items()}
    total = QUEUES * sum(counts.values())
    from django.db import connections

    connections.close_all()
    context = multiprocessing.get_context("spawn")
    others = [
        context.Process(target=hand_in, args=(filings, counts), daemon=True),
        context.Process(target=end_them, args=(total,), daemon=True),
    ]
    for other in others:
        other.start()
    took, cpu, passes = schedule(total)
    for other in others:
        other.join(60)
    return table(total, took, cpu, passes, share)


def set_up() -> list[dict[str, Any]]:
    """One order with its licences, 600 devices on 75 hosts, and a filing, a grant and a quota for each of 30 teams."""
    from allocation.inventory.models import Device, Host
    from allocation.inventory.services import receive_devices
    from allocation.scheduler.models import DeviceQuota
    from tests import factories as make
    from tests.integration.allocation.worlds import approve, determine

    officer, second, buyer = make.make_officer(), make.make_officer(), make.make_applicant()
    order = make.make_order(applicant=buyer, state="received", quantity=QUEUES * NOMINAL)
    determine(order)
    serials = [f"B-{number:05d}" for number in range(QUEUES * NOMINAL)]
    exporter, importer = make.make_both_licences(order, exporter=len(serials), importer=len(serials))
    receipt = make.make_receipt(order, serials, exporter=exporter, importer=importer)
    receive_devices(receipt_id=receipt.pk)
    hosts = [
        Host(name=f"b{number:03d}", site=order.site, public_key=f"{number:064x}")
        for number in range(-(-len(serials) // DEVICES_OF_HOST))
    ]
    Host.objects.bulk_create(hosts)
    for number, device in enumerate(Device.objects.order_by("serial")):
        Device.objects.filter(pk=device.pk).update(
            host=hosts[number // DEVICES_OF_HOST], uuid=f"U-{device.serial}", state="available", quarantine_reason=""
        )
    found = []
    for number in range(QUEUES):
        team = make.make_applicant()
        filing = make.make_filing(order, applicant=team, max_devices=NOMINAL + BORROW)
        grant = approve(filing, officer=officer, second=second, granted_ms=10**12)
        cohort = f"cohort-{number % COHORTS}"
        DeviceQuota.objects.create(team=team.team, chip_id=filing.chip_id, cohort=cohort, nominal=NOMINAL,
                                   borrow_most=BORROW)  # fmt: skip
        found.append({
            "filing_id": filing.pk, "grant_id": grant.pk, "chip_id": filing.chip_id, "team_id": team.team.pk,
            "submitted_by_id": team.membership.pk,
        })  # fmt: skip
    return found


def warm_up(filings: list[dict[str, Any]]) -> None:
    """Let this process's scheduler judge each kind of job once, on jobs that are taken back, before the clock runs."""
    from django.db import transaction

    from allocation.clock import database_now
    from allocation.jobs.models import Job
    from allocation.scheduler import passes

    with transaction.atomic():
        Job.objects.bulk_create(
            Job(
                reference=f"W{queue}-{kind}", name=kind, device_count=size[0], time_limit_ms=LIMIT_MS, spec={},
                spec_sha256="0" * 64, **filings[queue],
            )
            for kind, size in SIZES.items() for queue in range(QUEUES)
        )  # fmt: skip
        passes._SCHEDULER.looker.look(database_now())
        transaction.set_rollback(True)


def hand_in(filings: list[dict[str, Any]], counts: dict[str, int]) -> None:
    """Hand every job in at its time, with its ledger row, as fast as the clock says."""
    import django

    django.setup()
    from django.db import transaction

    from allocation.clock import wake
    from allocation.jobs.models import Job
    from allocation.scheduler.models import JobPriority
    from ledger.services import record_each

    coming = sorted(
        (turn * SIZES[kind][3], queue, kind, turn)
        for kind, count in counts.items() for turn in range(count) for queue in range(QUEUES)
    )  # fmt: skip
    began, done = time.monotonic(), 0
    while done < len(coming):
        due = [each for each in coming[done : done + 2_000] if each[0] <= time.monotonic() - began]
        if not due:
            time.sleep(0.02)
            continue
        jobs = [
            Job(
                reference=f"B{queue}-{kind[0]}{turn}", name=kind, device_count=SIZES[kind][0], time_limit_ms=LIMIT_MS,
                spec={}, spec_sha256="0" * 64, **filings[queue],
            )
            for _, queue, kind, turn in due
        ]  # fmt: skip
        with transaction.atomic():
            Job.objects.bulk_create(jobs)
            JobPriority.objects.bulk_create(JobPriority(job=job, priority=SIZES[job.name][4]) for job in jobs)
            record_each("job.submitted", [(job, {"devices": job.device_count}) for job in jobs])
            wake()
        done += len(due)


def end_them(total: int) -> None:
    """End every attempt when its job's run time is over, each in a transaction of its own; keep the hosts fresh."""
    import django

    django.setup()
    from django.db import transaction
    from django.db.models.functions import Now

    from allocation.clock import database_now
    from allocation.dispatch import ends
    from allocation.inventory.models import Host
    from allocation.jobs.models import Attempt
    from allocation.jobs.states import AttemptOutcome

    runs = {kind: timedelta(seconds=size[1]) for kind, size in SIZES.items()}
    done, fresh = 0, 0.0
    while done < total:
        if time.monotonic() - fresh > 3:
            Host.objects.update(last_seen_at=Now())
            fresh = time.monotonic()
        now = database_now()
        live = Attempt.objects.exclude(state="ended").values_list("pk", "placed_at", "job__name").order_by("placed_at")
        due = [pk for pk, placed_at, kind in live if placed_at + runs[kind] <= now]
        for pk in due:
            with transaction.atomic():
                attempt = ends.lock_attempt(pk)
                if attempt is not None:
                    ends.close_attempt(attempt, ends.Closing(AttemptOutcome.SUCCEEDED))
                    done += 1
        if not due:
            time.sleep(0.02)


def schedule(total: int) -> tuple[float, float, int]:
    """Run passes, woken by news and at least once a second, until every job was admitted."""
    from allocation.scheduler.passes import run_pass
    from config.management.commands.pulse import listen, wait_for_news

    placed = passes = 0
    listen()
    began, cpu = time.monotonic(), time.process_time()
    moved = began
    while placed < total:
        got = run_pass()
        placed += got
        passes += 1
        if got:
            moved = time.monotonic()
        elif time.monotonic() - moved > PATIENCE_S:
            raise SystemExit(f"{placed} of {total} were admitted, then none for {PATIENCE_S} s: {_why()}")
        else:
            wait_for_news(1.0)
    return time.monotonic() - began, time.process_time() - cpu, passes


def _why() -> list[tuple[str, int]]:
    from django.db.models import Count

    from allocation.jobs.models import Job

    waiting = Job.objects.filter(state="waiting").values_list("waits_because").annotate(jobs=Count("pk"))
    return list(waiting.order_by("-jobs")[:5])


def table(total: int, took: float, cpu: float, passes: int, share: float) -> list[str]:
    """What the run came to, beside the published figures."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT j.name, avg(extract(epoch FROM a.placed_at - j.submitted_at)) FROM allocation_job j "
            "JOIN allocation_attempt a ON a.job_id = j.id WHERE a.number = 1 GROUP BY 1"
        )
        waits = dict(cursor.fetchall())
        cursor.execute("SELECT count(*) FROM ledger_entry WHERE act = 'job.placed'")
        recorded = cursor.fetchone()[0]
        cursor.execute(
            "SELECT sum(extract(epoch FROM l.released_at - l.placed_at)), "
            "extract(epoch FROM max(l.released_at) - min(l.placed_at)) FROM allocation_lease l"
        )
        held, span = cursor.fetchone()
    use = 100 * float(held or 0) / (float(span or 1) * QUEUES * NOMINAL)
    times = ", ".join(f"{kind} {float(waits[kind]):.1f} s" for kind in ("large", "medium", "small") if kind in waits)
    load = os.getloadavg()[0]
    rate, each = total / took, 1000 * cpu / total
    return [
        f"Share of the jobs: {share:g}; load average at the end {load:.1f}; {os.cpu_count()} cores.",
        "| jobs | s | admissions/s | processor ms each | passes | quota in use | mean time to admission |",
        "|---|---|---|---|---|---|---|",
        f"| {total:,} | {took:.1f} | {rate:.1f} | {each:.1f} | {passes} | {use:.0f} % | {times} |",
        f"{recorded:,} placements are in the ledger.",
    ]


if __name__ == "__main__":
    main()
