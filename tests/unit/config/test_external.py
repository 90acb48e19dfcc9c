"""DATABASE_URL and REDIS_URL: one clear message for each way to get them wrong; roles made where they may be."""

import os
import socket

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config.embedded import external, urls
from config.embedded.servers import SUPERUSER
from config.embedded.state import SetupFault

pytestmark = pytest.mark.usefixtures("services")
needs_embedded = pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="uses the embedded server's superuser")


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_database_unreachable_says_where_and_what_to_do(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://writ@127.0.0.1:{free_port}/writ")
    with pytest.raises(SetupFault, match=rf"127\.0\.0\.1:{free_port}.*does not answer.*(?s:.*)unset it"):
        external.check_database()


def test_database_url_malformed_says_what_one_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://somewhere")
    with pytest.raises(SetupFault, match="not a PostgreSQL URL"):
        external.check_database()


@needs_embedded
def test_database_wrong_password_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    url = make_conninfo(urls.embedded_database_url(urls.APP_ROLE), password="secret-guess")
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SetupFault, match="password authentication failed") as refused:
        external.check_database()
    assert "secret-guess" not in str(refused.value)


@needs_embedded
def test_database_plain_role_without_owner_is_told_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    url = urls.embedded_database_url(urls.APP_ROLE, "postgres")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.delenv("WRIT_OWNER_DATABASE_URL", raising=False)
    with pytest.raises(SetupFault, match="WRIT_OWNER_DATABASE_URL"):
        external.check_database()


@needs_embedded
def test_database_maintenance_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", urls.embedded_database_url(SUPERUSER, "postgres"))
    with pytest.raises(SetupFault, match="maintenance database"):
        external.check_database()


@needs_embedded
def test_database_of_a_superuser_gets_both_roles_and_serves_as_neither_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"writ_new_{os.getpid()}"
    admin = urls.embedded_database_url(SUPERUSER, "postgres")
    monkeypatch.setenv("DATABASE_URL", urls.embedded_database_url(SUPERUSER, name))
    try:
        external.check_database()
        with psycopg.connect(urls.app_url()) as connection:
            row = connection.execute("SELECT current_user, pg_get_userbyid(datdba) FROM pg_database"
                                     " WHERE datname = current_database()").fetchone()  # fmt: skip
        assert row == (urls.APP_ROLE, urls.OWNER_ROLE)
        assert make_conninfo(urls.owner_url()) != make_conninfo(urls.app_url())
        external.check_database()  # a second start finds everything in place
    finally:
        (urls.state_folder() / "secrets" / "external-roles.json").unlink(missing_ok=True)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def test_redis_unreachable_says_where_and_what_to_do(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port}/0")
    with pytest.raises(SetupFault, match=r"REDIS_URL \(127\.0\.0\.1\) does not answer.*unset it"):
        external.check_redis()


def test_redis_url_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "memcached://127.0.0.1")
    with pytest.raises(SetupFault, match="must look like redis://"):
        external.check_redis()
