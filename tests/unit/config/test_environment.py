"""Settings from the environment: limits, and every fault at once."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.embedded.state import ROOT
from config.environment import Environment
from config.mail import MailServer, read_mail_url


def test_integer_within_limits_is_read() -> None:
    env = Environment({"N": "5"})
    assert env.integer("N", 1, low=5, high=5) == 5
    assert env.faults == []


@pytest.mark.parametrize("raw", ["4", "7", "five", "5.0", "1e9"])
def test_integer_outside_limits_is_a_fault(raw: str) -> None:
    env = Environment({"N": raw})
    env.integer("N", 5, low=5, high=6)
    assert env.faults == [f"N={raw!r} must be a whole number from 5 to 6."]


def test_faults_are_listed_together() -> None:
    env = Environment({"A": "x", "B": "maybe", "C": "blue"})
    env.integer("A", 1, low=0, high=9)
    env.flag("B")
    env.choice("C", "red", among=("red", "green"))
    env.text("D", required=True)
    with pytest.raises(ImproperlyConfigured) as stopped:
        env.stop_if_faulty()
    assert [name in str(stopped.value) for name in ("A=", "B=", "C=", "D is")] == [True] * 4


def _boot(**variables: str) -> "subprocess.CompletedProcess[str]":
    """`manage.py check` with these variables beside ours."""
    environment = {**os.environ, **variables}
    argv = [sys.executable, str(ROOT / "manage.py"), "check"]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def test_boot_with_bad_settings_names_every_one() -> None:
    done = _boot(WRIT_TTL_MS="soon", WRIT_GRACE_MS="99999999", WRIT_ENV="staging")
    assert done.returncode == 1
    assert all(name in done.stderr for name in ("WRIT_TTL_MS", "WRIT_GRACE_MS", "WRIT_ENV"))
    assert "Traceback" not in done.stderr


def test_boot_in_production_without_secrets_names_every_one() -> None:
    done = _boot(WRIT_ENV="production", DATABASE_URL="", REDIS_URL="")
    assert done.returncode == 1
    needed = ("WRIT_SECRET_KEY", "WRIT_ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "WRIT_MAIL_URL")
    assert all(name in done.stderr for name in needed)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("", MailServer()),
        ("smtp://mail.example", MailServer("mail.example")),
        ("smtps://w%40x:p%2Fw@mail.example", MailServer("mail.example", 465, "w@x", "p/w", tls=True)),
        ("smtp+starttls://mail.example:2587", MailServer("mail.example", 2587, starttls=True)),
    ],
)
def test_mail_url_is_read_in_each_form(url: str, server: MailServer) -> None:
    assert read_mail_url(url) == server


def test_mail_is_sent_by_a_server_and_shown_in_the_terminal_only_where_none_is_named() -> None:
    assert read_mail_url("smtps://mail.example").backend.endswith("smtp.EmailBackend")
    assert read_mail_url("").backend.endswith("console.EmailBackend")


def test_boot_with_malformed_mail_url_says_what_one_looks_like() -> None:
    done = _boot(WRIT_MAIL_URL="mail.example:25")
    assert done.returncode == 1
    assert "WRIT_MAIL_URL looks like smtps://" in done.stderr


def test_boot_with_grace_over_ttl_is_refused() -> None:
    done = _boot(WRIT_TTL_MS="8000", WRIT_GRACE_MS="8000")
    assert "WRIT_GRACE_MS=8000 must be smaller than WRIT_TTL_MS=8000" in done.stderr


def test_boot_with_malformed_database_url_says_what_one_looks_like() -> None:
    done = _boot(DATABASE_URL="mysql://somewhere")
    assert done.returncode == 1
    assert "DATABASE_URL is not a PostgreSQL URL" in done.stderr
    assert "Traceback" not in done.stderr
