"""The pulse as a process: it places what is submitted, at once, and ends cleanly when told."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.test import Client

from allocation.clock import WAKE_CHANNEL
from allocation.jobs.models import Job
from ledger.models import Seal
from tests.integration.allocation.worlds import attempt_of, make_world

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


@pytest.fixture
def pulse(
    transactional_db: None, process_environment: dict[str, str], tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    env = {**process_environment, "WRIT_KEYS": str(tmp_path / "keys")}
    process = subprocess.Popen([sys.executable, "manage.py", "pulse"], cwd=ROOT, env=env)
    yield process
    process.kill()
    process.wait()


def test_pulse_places_a_job_and_stops_when_told(
    client: Client, pulse: subprocess.Popen[bytes], app_connection: psycopg.Connection
) -> None:
    app_connection.autocommit = True
    app_connection.execute(f"LISTEN {WAKE_CHANNEL}")
    world = make_world(client)
    world.add_host()
    job = world.submit()
    for _ in app_connection.notifies(timeout=PATIENCE_S):
        if Job.objects.get(pk=job.pk).state == "running":
            break
    assert attempt_of(job).state == "placed"
    pulse.send_signal(signal.SIGTERM)
    assert pulse.wait(PATIENCE_S) == 0
    assert Seal.objects.exists()
