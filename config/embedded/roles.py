"""The two database roles: `writ_owner` migrates, `writ_app` serves and owns nothing."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from config.embedded import urls
from config.embedded.servers import SUPERUSER
from config.embedded.state import secret, socket_folder

CONNECT_TIMEOUT_S = 10


def provision_embedded() -> None:
    """Makes the roles and the database of the embedded server, where they are missing."""
    with one_at_a_time():
        with _connect(SUPERUSER, "postgres") as connection:
            provision(connection, urls.DATABASE)
        with _connect(urls.OWNER_ROLE, urls.DATABASE) as owning:
            grant_defaults(owning, owner=urls.OWNER_ROLE, app=urls.APP_ROLE)


def _connect(role: str, database: str) -> psycopg.Connection:
    url = urls.embedded_database_url(role, database)
    return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)


def provision(connection: psycopg.Connection, database: str) -> None:
    """Makes roles, database and default grants; idempotent.

    Args:
        connection: of a role that may create roles and databases, in autocommit, on any database but this one.
        database: its name.
    """
    ensure_role(connection, urls.OWNER_ROLE, "CREATEDB")
    ensure_role(connection, urls.APP_ROLE, "NOCREATEDB")
    connection.execute(  # so that the owner may end the serving role's sessions when it drops a database
        sql.SQL("GRANT {} TO {}").format(sql.Identifier(urls.APP_ROLE), sql.Identifier(urls.OWNER_ROLE))
    )
    if not _is_superuser(connection):  # then we may only hand a database to a role that we are a member of
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(urls.OWNER_ROLE)))
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
    if not found:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(urls.OWNER_ROLE))
        )


def _is_superuser(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])


def ensure_role(connection: psycopg.Connection, role: str, *attributes: str) -> None:
    """Makes a login role with the password of this checkout, or gives it that password where it exists."""
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if exists and urls.is_database_embedded():
        return
    statement = sql.SQL("{verb} ROLE {role} LOGIN {attributes} PASSWORD {password}").format(
        verb=sql.SQL("ALTER" if exists else "CREATE"),
        role=sql.Identifier(role),
        attributes=sql.SQL(" ").join(sql.SQL(word) for word in attributes),
        password=sql.Literal(secret(f"postgres-{role}")),
    )
    connection.execute(statement)


GRANTS = (
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO {app}",
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}"
    ),
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app}",
)


def grant_defaults(connection: psycopg.Connection, *, owner: str, app: str) -> None:
    """What the serving role may do with each table the owner will make; single tables take rights away again.

    Args:
        connection: of the owner, on the database itself.
        owner: the owner's role.
        app: the serving role.
    """
    done = connection.execute("SELECT 1 FROM pg_default_acl WHERE defaclrole = %s::regrole", [owner]).fetchone()
    if done:
        return
    for statement in GRANTS:
        connection.execute(sql.SQL(statement).format(owner=sql.Identifier(owner), app=sql.Identifier(app)))


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keeps two starts of this checkout from making roles at once."""
    descriptor = os.open(socket_folder() / "provision.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
