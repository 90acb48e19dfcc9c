"""How many renewals one core answers: `make bench-renewal`, or `python -m bench.renewal --hosts 1250 --seconds 10`.

1,250 hosts with 8 attempts each, every attempt with the links that it rests on; each host renews all of its attempts in
one signed request, through the real address. This process, which checks signatures, asks PostgreSQL and signs warrants,
is held to one core; PostgreSQL to the other ones. Hosts' own signing is done beforehand: it is not the control plane's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

ATTEMPTS: Final = 8
GOAL: Final = 625.0
# Rows of the one real host that are copied, and the columns that differ in a copy. `n` numbers the copy.
_ID: Final = "md5(%s::text || '-' || n)::uuid"
COPIES: Final = {
    "allocation_host": {"id": "id", "name": "name || '-' || n", "public_key": "left(public_key, 32) || n"},
    "allocation_device": {
        "id": "id", "host_id": "host_id", "serial": "serial || '-' || n", "uuid": "uuid || '-' || n",
        "item_id": "NULL::uuid", "state": "'quarantined'", "last_token": "0",
    },
    "allocation_job": {"id": "id", "reference": "left(reference, 10) || '-' || n || '-' || right(reference, 2)"},
    "allocation_attempt": {"id": "id", "job_id": "job_id", "fencing_token": "fencing_token + n * 1000"},
    "allocation_attempthost": {"id": "-", "attempt_id": "attempt_id", "host_id": "host_id"},
    "allocation_lease": {
        "id": "id", "attempt_id": "attempt_id", "device_id": "device_id", "fencing_token": "fencing_token + n * 1000",
    },
    "allocation_attemptlink": {
        "id": "-", "attempt_id": "attempt_id",
        "object_id": "CASE WHEN source = 'device' THEN md5(object_id::text || '-' || n)::uuid ELSE object_id END",
    },
}  # fmt: skip
MAPPED: Final = {"id", "host_id", "job_id", "attempt_id", "device_id"}


@dataclass(frozen=True)
class Asking:
    """What one host sends: its id and key, and the attempts that it renews."""

    host_id: str
    key: Any
    items: list[dict[str, Any]]


def main(arguments: list[str]) -> int:
    """Build the database, ask for so many seconds, and say the rate."""
    parser = argparse.ArgumentParser(prog="bench.renewal")
    parser.add_argument("--hosts", type=int, default=1250)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args(arguments)
    import django

    django.setup()
    from config.embedded.services import ensure
    from tests import databases

    ensure()
    name = databases.clone_name("renewal")
    databases.make_clone(databases.ensure_template(), name)
    try:
        result = run(name, options.hosts, options.seconds)
    finally:
        from django.db import connections

        connections.close_all()
        databases.drop_clone(name)
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return 0


def run(database: str, hosts: int, seconds: float) -> dict[str, Any]:
    """Populate, hold every party to its core, and measure."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from tests import databases

    connection.close()
    connection.settings_dict["NAME"] = database
    settings.ALLOWED_HOSTS = ["*"]
    first = make_first_host(Client())
    with psycopg.connect(databases.owner_conninfo(database), autocommit=True) as owning:
        links = copy_hosts(owning, hosts)
        asking = askings(owning, first)
        hold_to_cores()
        rates = measure(Client(), asking, seconds)
    return {"hosts": hosts, "attempts a host": ATTEMPTS, "links an attempt": links, **rates, "load": os.getloadavg()[0]}


def make_first_host(client: Any) -> Any:
    """One host as the real services make it, with its attempts running."""
    from procurement.filings.models import Filing
    from tests.integration.allocation.worlds import make_world

    world = make_world(client, devices=ATTEMPTS)
    Filing.objects.update(max_devices=ATTEMPTS)
    host = world.add_host()
    for _ in range(ATTEMPTS):
        world.run(host)
    return host


def copy_hosts(owning: psycopg.Connection[Any], hosts: int) -> int:
    """Copy the one host and all that hangs on it. Returns how many links an attempt rests on."""
    for table, changes in COPIES.items():
        rows = owning.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'",
            [table],
        ).fetchall()
        columns = [row[0] for row in rows if changes.get(row[0]) != "-"]
        chosen = [_chosen(column, changes) for column in columns]
        names = ", ".join(f'"{column}"' for column in columns)
        owning.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(chosen)} FROM {table}, generate_series(1, %s) AS n",
            [hosts - 1],
        )
    owning.execute("ANALYZE")
    return int(owning.execute("SELECT count(*) / (SELECT count(*) FROM allocation_attempt) FROM allocation_attemptlink")
               .fetchone()[0])  # fmt: skip


def _chosen(column: str, changes: dict[str, str]) -> str:
    if column not in changes:
        return f'"{column}"'
    return _ID % column if column in MAPPED and changes[column] == column else changes[column]


def askings(owning: psycopg.Connection[Any], first: Any) -> list[Asking]:
    """Give every host a key of its own, and list what it renews."""
    from gpu_runtime.protocol import generate_key, public_key_text

    rows = owning.execute(
        "SELECT h.host_id::text, array_agg(a.id::text), array_agg(a.fencing_token) FROM allocation_attempthost h"
        " JOIN allocation_attempt a ON a.id = h.attempt_id GROUP BY h.host_id"
    ).fetchall()
    found = []
    for host_id, attempts, tokens in rows:
        key = first.key if host_id == first.id else generate_key()
        owning.execute(
            "UPDATE allocation_host SET public_key = %s WHERE id = %s", [public_key_text(key.verify_key), host_id]
        )
        pairs = zip(attempts, tokens, strict=True)
        items = [{"attempt_id": attempt, "fencing_token": token, "processes": 1} for attempt, token in pairs]
        found.append(Asking(host_id, key, items))
    return found


def hold_to_cores() -> None:
    """This process on the first core, every process of the embedded PostgreSQL on the others."""
    from config.embedded.accounts import postgres_account
    from gpu_runtime.guard.processes import living_descendants

    cores = sorted(os.sched_getaffinity(0))
    pid_file = postgres_account().data / "postmaster.pid"
    if len(cores) > 1 and pid_file.exists():
        postmaster = int(pid_file.read_text().splitlines()[0])
        for pid in (postmaster, *living_descendants(postmaster)):
            os.sched_setaffinity(pid, cores[1:])
    os.sched_setaffinity(0, cores[:1])


def measure(client: Any, asking: list[Asking], seconds: float) -> dict[str, Any]:
    """Renew host after host; only the answering is timed."""
    spent, taken, sequence = 0.0, [], time.time_ns()
    ends = time.monotonic() + 3 * seconds
    while spent < seconds and time.monotonic() < ends:
        for host in asking:
            sequence += 1
            request = _signed(host, sequence)
            began, worked = time.perf_counter(), time.process_time()
            answer = client.post("/host/v1/renew", **request)
            taken.append((time.perf_counter() - began, time.process_time() - worked))
            spent += taken[-1][0]
            if answer.status_code != 200 or any(each["answer"] != "run" for each in answer.json()["answers"]):
                raise RuntimeError(f"a renewal was answered {answer.status_code}: {answer.content[:500]!r}")
            if spent >= seconds:
                break
    walls = sorted(wall for wall, _ in taken)
    return {
        "requests": len(taken),
        "requests a second": round(len(taken) / sum(walls), 1),
        "attempts a second": round(ATTEMPTS * len(taken) / sum(walls)),
        "goal, requests a second": GOAL,
        "ms a request, p50": round(1000 * walls[len(walls) // 2], 2),
        "ms a request, p99": round(1000 * walls[len(walls) * 99 // 100], 2),
        "ms of this core a request": round(1000 * sum(work for _, work in taken) / len(taken), 2),
    }


def _signed(host: Asking, sequence: int) -> dict[str, Any]:
    from gpu_runtime.protocol import new_nonce, sign_request

    body = json.dumps({"attempts": [{**item, "nonce": new_nonce()} for item in host.items]}).encode()
    headers = sign_request(
        host.key, method="POST", path="/host/v1/renew", host_id=host.host_id, sequence=sequence, body=body
    )
    return {"data": body, "content_type": "application/json", "headers": headers}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
