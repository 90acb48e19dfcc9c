"""Who may hear which bell: in Redis every host is a user of its own, that sees its own queue and nothing else.

A ring matters little, and a host that could read or flush the others' would still start nothing; it could make them
slow. Users are made again whenever Redis has lost them: it may be wiped at any moment.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import redis
import structlog
from django.conf import settings

from allocation.dispatch.bells import queue_of
from allocation.inventory.models import Host
from allocation.inventory.states import HostState
from gpu_runtime.protocol import load_or_create_key

log = structlog.get_logger(__name__)
LOOK_SECONDS: Final = 5.0
# What a Celery worker on one queue needs of Redis. Source: kombu/transport/redis.py
COMMANDS: Final = (
    "-@all", "+brpop", "+rpop", "+llen", "+sadd", "+smembers", "+exists", "+ping", "+auth", "+hello", "+select",
    "+client|setinfo", "+client|setname", "+client|id", "+multi", "+exec",
)  # fmt: skip


def user_of(host_id: object) -> str:
    """The name of a host in Redis."""
    return f"host-{host_id}"


def password_of(host_id: object) -> str:
    """A host's password in Redis: from a key of ours, so that it need not be kept."""
    return hmac.new(_key(Path(settings.WRIT_KEYS)), str(host_id).encode(), hashlib.sha256).hexdigest()


def bell_url(host_id: object) -> str:
    """Where a host listens, with its own name and password; empty where hosts are told otherwise (``--redis-url``)."""
    if not settings.WRIT_BELL_URL:
        return ""
    parts = urlsplit(settings.WRIT_BELL_URL)
    place = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    named = f"{quote(user_of(host_id))}:{password_of(host_id)}@{place}"
    return urlunsplit((parts.scheme, named, parts.path or "/0", "", ""))


def rules_of(host_id: object) -> list[str]:
    """What a host's user may do: take from its own queue."""
    queue = queue_of(host_id)
    password = hashlib.sha256(password_of(host_id).encode()).hexdigest()
    bindings = (f"~_kombu.binding.{queue}", f"~_kombu.binding_permanent.{queue}")
    return ["reset", "on", f"#{password}", f"~{queue}", f"~{queue}\x06\x16*", *bindings, "resetchannels", *COMMANDS]


class Doorkeeper:
    """Keeps Redis's users in step with the hosts; looks every few seconds, and writes only what is missing."""

    def __init__(self) -> None:
        self._next_look = 0.0

    def admit_hosts(self) -> int:
        """Make the users that are missing and remove those of retired hosts. Redis being away is no fault.

        Returns:
            How many users were made or removed.
        """
        if not settings.WRIT_BELL_URL or time.monotonic() < self._next_look:
            return 0
        self._next_look = time.monotonic() + LOOK_SECONDS
        try:
            with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
                return _keep(client)
        except redis.RedisError as error:
            log.warning("hosts have no users of their own in Redis", error=str(error)[:200])
            return 0


def _keep(client: Any) -> int:
    known = {name.decode() for name in client.execute_command("ACL", "USERS")}
    wanted = {user_of(pk): pk for pk in Host.objects.exclude(state=HostState.RETIRED).values_list("pk", flat=True)}
    missing = [name for name in wanted if name not in known]
    for name in missing:
        client.execute_command("ACL", "SETUSER", name, *rules_of(wanted[name]))
    gone = [name for name in known if name.startswith("host-") and name not in wanted]
    for name in gone:
        client.execute_command("ACL", "DELUSER", name)
    return len(missing) + len(gone)


@cache
def _key(folder: Path) -> bytes:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return bytes(load_or_create_key(folder / "bell.key"))


DOORKEEPER: Final = Doorkeeper()
