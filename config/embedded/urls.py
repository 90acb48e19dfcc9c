"""Which PostgreSQL and which Redis this process talks to, without talking to either."""

import json
import os
from urllib.parse import quote

from config.embedded.accounts import postgres_account
from config.embedded.state import secret, socket_folder, state_folder

OWNER_ROLE = "writ_owner"
APP_ROLE = "writ_app"
DATABASE = "writ"
_PROVISIONED = "external-roles.json"


def is_database_embedded() -> bool:
    """Whether PostgreSQL is ours to start."""
    return not os.environ.get("DATABASE_URL")


def is_redis_embedded() -> bool:
    """Whether Valkey is ours to start."""
    return not os.environ.get("REDIS_URL")


def embedded_database_url(role: str, database: str = DATABASE) -> str:
    """The embedded server's URL for a role, over its unix socket with its scram password."""
    password = quote(secret(f"postgres-{role}"))
    host = quote(str(postgres_account().sockets), safe="")
    return f"postgresql://{role}:{password}@/{database}?host={host}"


def app_url() -> str:
    """The URL under which Writ serves."""
    if is_database_embedded():
        return embedded_database_url(APP_ROLE)
    return provisioned().get("app") or os.environ["DATABASE_URL"]


def owner_url() -> str:
    """The URL under which Writ migrates; empty where none is known."""
    if is_database_embedded():
        return embedded_database_url(OWNER_ROLE)
    return os.environ.get("WRIT_OWNER_DATABASE_URL") or provisioned().get("owner", "")


def provisioned() -> dict[str, str]:
    """The two URLs that set-up made on an outside server for the present DATABASE_URL, if it did."""
    path = state_folder() / "secrets" / _PROVISIONED
    if not path.exists():
        return {}
    record: dict[str, str] = json.loads(path.read_text())
    return record if record.get("for") == os.environ.get("DATABASE_URL") else {}


def remember_provisioned(owner: str, app: str) -> None:
    """Keeps the two URLs for the present DATABASE_URL (mode 0600)."""
    path = state_folder() / "secrets" / _PROVISIONED
    secret("mark")  # makes the folder
    record = {"for": os.environ["DATABASE_URL"], "owner": owner, "app": app}
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(record, file)


def redis_url() -> str:
    """Redis as redis-py and Django's cache want it."""
    if is_redis_embedded():
        return f"unix://{quote(str(socket_folder() / 'valkey.sock'))}?db=0"
    return os.environ["REDIS_URL"]


def broker_url() -> str:
    """Redis as Celery wants it."""
    if is_redis_embedded():
        return f"redis+socket://{quote(str(socket_folder() / 'valkey.sock'))}?virtual_host=0"
    return os.environ["REDIS_URL"]
