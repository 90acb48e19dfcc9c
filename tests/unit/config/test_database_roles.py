"""The serving role owns nothing; the boot refuses one that does."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from config import boot
from config.embedded import urls
from config.embedded.servers import SUPERUSER
from config.embedded.state import ROOT

pytestmark = pytest.mark.django_db


def test_serving_role_plain_is_accepted() -> None:
    assert boot.serving_role_fault() is None


def test_test_database_signs_in_as_writ_app() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("writ_app",)


def test_serving_role_may_not_create_tables(app_connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute("CREATE TABLE public.mine (id int)")


def test_serving_role_may_not_truncate(app_connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute("TRUNCATE django_session")


def _serve(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Loads the web application as the web server does."""
    argv = [sys.executable, "-c", "import config.wsgi"]
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_web_as_the_serving_role_starts(process_environment: dict[str, str]) -> None:
    done = _serve(process_environment)
    assert done.returncode == 0, done.stderr


def test_web_as_the_owner_refuses_to_start(process_environment: dict[str, str]) -> None:
    done = _serve({**process_environment, "WRIT_DATABASE_ROLE": "owner"})
    assert done.returncode == 1
    assert "does not serve as the database role 'writ_owner', which owns tables" in done.stderr


@pytest.mark.skipif(bool(os.environ.get("DATABASE_URL")), reason="uses the embedded server's superuser")
def test_web_as_a_superuser_refuses_to_start(process_environment: dict[str, str]) -> None:
    url = urls.embedded_database_url(SUPERUSER, process_environment["WRIT_DATABASE_NAME"])
    done = _serve({**process_environment, "DATABASE_URL": url})
    assert done.returncode == 1
    assert "'postgres', which is a superuser" in done.stderr
