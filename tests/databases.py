"""Test databases on the real PostgreSQL: migrated once into a template by `writ_owner`, cloned, used as `writ_app`."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.embedded import roles, urls
from config.embedded.state import ROOT, socket_folder

_CHECKOUT = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:6]
_TEMPLATE_PREFIX = f"writ_tpl_{_CHECKOUT}_"
_CLONE_PREFIX = f"writ_t_{_CHECKOUT}_"
_TEMPLATES_KEPT = 3


def owner_conninfo(database: str) -> str:
    """How `writ_owner` reaches a database of the server under test."""
    return make_conninfo(urls.owner_url(), dbname=database)


def app_conninfo(database: str) -> str:
    """How `writ_app` reaches a database of the server under test."""
    return make_conninfo(urls.app_url(), dbname=database)


def clone_name(worker: str) -> str:
    """The name of this process's test database."""
    return f"{_CLONE_PREFIX}{os.getpid()}_{worker}"


def ensure_template() -> str:
    """Migrates the template if the migrations have changed since the last time; returns its name."""
    name = _TEMPLATE_PREFIX + _migrations_mark()
    with _locked(), _maintenance() as connection:
        _sweep(connection)
        if not _exists(connection, name):
            _build(connection, name)
    return name


def _migrations_mark() -> str:
    mark = hashlib.sha256()
    paths = [*ROOT.glob("*/migrations/*.py"), ROOT / "requirements.in", ROOT / "config" / "embedded" / "roles.py"]
    for path in sorted(paths):
        if path.exists():
            mark.update(path.name.encode() + path.read_bytes())
    return mark.hexdigest()[:12]


def _build(connection: psycopg.Connection, name: str) -> None:
    building = name + "_new"
    _run(connection, "DROP DATABASE IF EXISTS {}", building)
    _run(connection, "CREATE DATABASE {}", building)
    with psycopg.connect(owner_conninfo(building), autocommit=True) as owning:
        owner, app = owning.info.user, str(conninfo_to_dict(urls.app_url())["user"])
        roles.grant_defaults(owning, owner=owner, app=app)
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "migrate", "--skip-checks", "--verbosity", "0"],
        env={**os.environ, "WRIT_DATABASE_NAME": building},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The test database could not be migrated:\n{done.stdout}{done.stderr}")
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(name)))


def make_clone(template: str, name: str) -> None:
    """Makes a fresh database from the template, in place of the one of that name."""
    with _maintenance() as connection:
        _drop(connection, name)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        _run(connection, "ALTER DATABASE {} SET synchronous_commit = off", name)


def drop_clone(name: str) -> None:
    """Removes a test database."""
    with _maintenance() as connection:
        _drop(connection, name)


def _sweep(connection: psycopg.Connection) -> None:
    """Drops the clones of test runs that were killed, and all but the newest templates."""
    rows = connection.execute("SELECT datname FROM pg_database ORDER BY oid").fetchall()
    names = [str(row[0]) for row in rows]
    clones = [name for name in names if name.startswith(_CLONE_PREFIX)]
    for name in clones:
        if not Path("/proc", name.removeprefix(_CLONE_PREFIX).split("_")[0]).exists():
            _drop(connection, name)
    templates = [name for name in names if name.startswith(_TEMPLATE_PREFIX)]
    for name in templates[:-_TEMPLATES_KEPT]:
        _run(connection, "DROP DATABASE IF EXISTS {}", name)


def _exists(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _drop(connection: psycopg.Connection, name: str) -> None:
    """Drops a database with whoever is still in it.

    FORCE may not end an autovacuum worker, which counts as a superuser's; a plain DROP asks it to leave and waits.
    """
    try:
        _run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    except psycopg.errors.InsufficientPrivilege:
        _run(connection, "DROP DATABASE IF EXISTS {}", name)


def _run(connection: psycopg.Connection, statement: str, name: str) -> None:
    connection.execute(sql.SQL(statement).format(sql.Identifier(name)))  # type: ignore[arg-type]


@contextmanager
def _maintenance() -> Iterator[psycopg.Connection]:
    with psycopg.connect(owner_conninfo("postgres"), autocommit=True) as connection:
        yield connection


@contextmanager
def _locked() -> Iterator[None]:
    descriptor = os.open(socket_folder() / f"template-{_CHECKOUT}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
