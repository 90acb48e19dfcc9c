"""Fixtures of every room: real PostgreSQL and Redis, a database for each test process, no way out to the network."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import settings as examples

from config.embedded.services import ensure
from tests import databases, needs

examples.register_profile("repeatable", max_examples=60, deadline=None, derandomize=True, database=None)
examples.register_profile("explore", max_examples=2000, deadline=None)
examples.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    """Quick passwords, files served from where they lie, a cache of each process's own."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_AUTOREFRESH = True
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips, or fails, a test whose marker names something that this machine lacks."""
    for marker, check in needs.BY_MARKER.items():
        if item.get_closest_marker(marker):
            check()


@pytest.fixture(scope="session")
def services() -> None:
    """PostgreSQL and Redis answer."""
    ensure()


@pytest.fixture(scope="session")
def django_db_setup(services: None, django_db_blocker: Any) -> Iterator[None]:
    """One clone of the migrated template for this process; Django signs in to it as `writ_app`."""
    template = databases.ensure_template()
    name = databases.clone_name(os.environ.get("PYTEST_XDIST_WORKER", "one"))
    databases.make_clone(template, name)
    connection = connections["default"]
    connection.close()
    connection.settings_dict["NAME"] = name

    def start_afresh(case: TransactionTestCase) -> None:
        """In place of a flush, which the ledger refuses."""
        connections.close_all()
        databases.make_clone(template, name)

    kept = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = start_afresh
    yield
    TransactionTestCase._fixture_teardown = kept
    with django_db_blocker.unblock():
        connections.close_all()
    databases.drop_clone(name)


@pytest.fixture
def owner_connection(db: None) -> Iterator[psycopg.Connection]:
    """A second session on this process's test database, as `writ_owner` (its writes outlive a rolled-back test)."""
    with psycopg.connect(databases.owner_conninfo(_test_database())) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def app_connection(db: None) -> Iterator[psycopg.Connection]:
    """A second session on this process's test database, as `writ_app`, for raw SQL and for races."""
    with psycopg.connect(databases.app_conninfo(_test_database())) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def process_environment(django_db_setup: None) -> dict[str, str]:
    """The environment for a process of ours that a test starts: it works on this process's test database."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "WRIT_DATABASE_NAME": _test_database()}


@pytest.fixture
def data_folder() -> Path:
    """The data folder, or a skip."""
    needs.need_data()
    return Path(settings.WRIT_DATA)


def _test_database() -> str:
    return str(connections["default"].settings_dict["NAME"])
