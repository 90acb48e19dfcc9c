"""The serving role owns nothing; the boot refuses one that does."""

import psycopg
import pytest
from config import boot
from django.db import connection

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
