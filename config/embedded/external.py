"""Outside servers named by DATABASE_URL and REDIS_URL: reachable, new enough, and with the two roles in place.

DATABASE_URL may name a role that may create roles and databases (a superuser, as on a server of one's own): Writ then
makes `writ_owner`, `writ_app` and the database, keeps their passwords in `.writ/secrets/`, and serves as `writ_app`.
Or it names a plain role that serves; WRIT_OWNER_DATABASE_URL then names the owner that migrates.
"""

import os
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.embedded import roles, urls
from config.embedded.state import SetupFault, secret

OLDEST_POSTGRES = 15
OLDEST_REDIS = 7
CONNECT_TIMEOUT_S = 5


def check_database() -> None:
    """Checks DATABASE_URL and makes the roles where it may.

    Raises:
        SetupFault: with what is wrong and what to do.
    """
    made = urls.provisioned()
    if made and _signs_in(made["app"]) and _signs_in(made["owner"]):
        return
    url = os.environ["DATABASE_URL"]
    with _connect_somewhere(url) as connection:
        _refuse_old(connection)
        may_create_roles = _may_create_roles(connection)
        if may_create_roles:
            with roles.one_at_a_time():
                _provision(url, connection)
    if not may_create_roles:
        _check_plain(url)


def _signs_in(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo, connect_timeout=CONNECT_TIMEOUT_S).close()
    except psycopg.OperationalError:
        return False
    return True


def _connect_somewhere(url: str) -> psycopg.Connection:
    """Connects to the named database, or to `postgres` beside it where it does not exist yet."""
    try:
        return _connect(url)
    except psycopg.OperationalError as error:
        if "does not exist" not in str(error) or "database" not in str(error):
            raise SetupFault(_unreachable(url, error)) from error
    try:
        return _connect(make_conninfo(url, dbname="postgres"))
    except psycopg.OperationalError as error:
        raise SetupFault(_unreachable(url, error)) from error


def _connect(url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(make_conninfo(url, connect_timeout=CONNECT_TIMEOUT_S), autocommit=True)
    except psycopg.ProgrammingError as error:
        raise SetupFault(f"DATABASE_URL is not a PostgreSQL URL ({str(error).strip()}). {_FORM}") from error


_FORM = "It looks like postgresql://USER:PASSWORD@HOST:5432/writ."


def _unreachable(url: str, error: psycopg.Error) -> str:
    parts = conninfo_to_dict(url)
    place = f"{parts.get('host', 'local socket')}:{parts.get('port', 5432)}"
    where = f"{parts.get('user', '?')}@{place}/{parts.get('dbname', '')}"
    reason = str(error).strip().splitlines()[0]
    advice = "Mend it, or unset it to use the embedded PostgreSQL."
    return f"DATABASE_URL ({where}) does not answer: {reason}\n{_FORM} {advice}"


def _refuse_old(connection: psycopg.Connection) -> None:
    major = connection.info.server_version // 10_000
    if major < OLDEST_POSTGRES:
        raise SetupFault(f"DATABASE_URL leads to PostgreSQL {major}; Writ needs {OLDEST_POSTGRES} or newer.")


def _may_create_roles(connection: psycopg.Connection) -> bool:
    row = connection.execute(
        "SELECT rolsuper OR (rolcreaterole AND rolcreatedb) FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    return bool(row and row[0])


def _check_plain(url: str) -> None:
    """A plain serving role: the owner must be named, unless an owner has already made the tables."""
    owner = os.environ.get("WRIT_OWNER_DATABASE_URL")
    if owner:
        with _connect(owner) as owning:
            roles.grant_defaults(owning, owner=owning.info.user, app=str(conninfo_to_dict(url)["user"]))
        return
    with _connect_somewhere(url) as connection:
        row = connection.execute("SELECT to_regclass('public.django_migrations')").fetchone()
    if not row or row[0] is None:
        raise SetupFault(
            f"The role of DATABASE_URL ({conninfo_to_dict(url).get('user')}) may not create roles, and the database is "
            "empty. Name the database's owner in WRIT_OWNER_DATABASE_URL, or let DATABASE_URL name a superuser for "
            "set-up: Writ then makes writ_owner and writ_app itself."
        )


def _provision(url: str, connection: psycopg.Connection) -> None:
    database = str(conninfo_to_dict(url).get("dbname") or urls.DATABASE)
    if database in {"postgres", "template0", "template1"}:
        raise SetupFault(f"DATABASE_URL names the maintenance database {database!r}. Name one of Writ's own: …/writ")
    try:
        roles.provision(connection, database)
        _hand_over(connection, database)
    except psycopg.Error as error:
        raise SetupFault(f"Could not prepare the database {database!r}: {str(error).strip()}") from error
    owner, app = (_as_role(url, role, database) for role in (urls.OWNER_ROLE, urls.APP_ROLE))
    for conninfo, role in ((owner, urls.OWNER_ROLE), (app, urls.APP_ROLE)):
        if not _signs_in(conninfo):
            raise SetupFault(f"{role} was made, but cannot sign in by password: allow scram-sha-256 in pg_hba.conf.")
    with _connect(owner) as owning:
        roles.grant_defaults(owning, owner=urls.OWNER_ROLE, app=urls.APP_ROLE)
    urls.remember_provisioned(owner, app)


def _hand_over(connection: psycopg.Connection, database: str) -> None:
    """Lets `writ_owner` own a database that was made for us beforehand."""
    owner_of = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
    row = connection.execute(owner_of, [database]).fetchone()
    if row and row[0] != urls.OWNER_ROLE:
        connection.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(urls.OWNER_ROLE))
        )


def _as_role(url: str, role: str, database: str) -> str:
    return make_conninfo(url, user=role, password=secret(f"postgres-{role}"), dbname=database)


def check_redis() -> None:
    """Checks REDIS_URL.

    Raises:
        SetupFault: with what is wrong and what to do.
    """
    url = os.environ["REDIS_URL"]
    if urlsplit(url).scheme not in {"redis", "rediss"}:
        raise SetupFault(f"REDIS_URL must look like redis://HOST:6379/0, and starts with {urlsplit(url).scheme!r}.")
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT_S) as client:
            version = str(client.info("server")["redis_version"])
    except (redis.RedisError, ValueError, OSError) as error:
        raise SetupFault(
            f"REDIS_URL ({urlsplit(url).hostname}) does not answer: {str(error).rstrip('.')}. "
            "Mend it, or unset it to use the embedded Valkey."
        ) from error
    if int(version.split(".")[0]) < OLDEST_REDIS:
        raise SetupFault(f"REDIS_URL leads to Redis {version}; Writ needs {OLDEST_REDIS} or newer.")
