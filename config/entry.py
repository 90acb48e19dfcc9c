"""Runs a management command with the services it needs, and turns a set-up fault into one clear message."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from config.embedded.state import SetupFault

if TYPE_CHECKING:
    from django.core.management.base import CommandError

# Commands that need no database, or (`test`) start what they need themselves.
_WITHOUT_SERVICES = frozenset(
    ("help", "version", "--version", "--help", "-h", "check", "collectstatic", "findstatic", "diffsettings")
)
_AS_OWNER = frozenset(("migrate", "showmigrations", "sqlmigrate", "makemigrations", "squashmigrations"))


def main(argv: list[str]) -> int:
    """Runs one management command.

    Args:
        argv: as `sys.argv`.

    Returns:
        The exit code: 0 done, 1 fault (a command of ours may exit with 2 or 3 by itself).
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = argv[1] if len(argv) > 1 else "help"
    if command in _AS_OWNER:
        os.environ["WRIT_DATABASE_ROLE"] = "owner"
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
        from django.core.management.base import CommandError
        from django.db.utils import ProgrammingError
        from psycopg.errors import UndefinedColumn, UndefinedTable
    except ImportError:
        print("Django is not installed here. Run `make setup`, then use .venv/bin/python manage.py …", file=sys.stderr)
        return 1
    try:
        if _needs_services(command, argv):
            from config.embedded.services import ensure

            ensure()
        execute_from_command_line([*argv, "--traceback"] if "--json" in argv else argv)
    except CommandError as refusal:
        print(json.dumps(refusal_as_json(refusal), ensure_ascii=False))
        print(f"writ: {refusal}", file=sys.stderr)
        return refusal.returncode
    except (SetupFault, ImproperlyConfigured) as fault:
        print(f"writ: {fault}", file=sys.stderr)
        return 1
    except ProgrammingError as fault:
        if not isinstance(fault.__cause__, UndefinedTable | UndefinedColumn):
            raise
        print(
            "writ: The database is empty or older than this version. Run `.venv/bin/python manage.py migrate`, "
            "then this command again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _needs_services(command: str, argv: list[str]) -> bool:
    if "--help" in argv:
        return False
    return command not in _WITHOUT_SERVICES or "--database" in argv


_CODES = {2: "invalid_input", 3: "refused_by_compliance"}


def refusal_as_json(refusal: "CommandError") -> dict[str, Any]:
    """What a command with --json says when it refuses: a stable code, words, and every reason."""
    cause = refusal.__cause__
    return {
        "code": getattr(cause, "code", None) or _CODES.get(refusal.returncode, "fault"),
        "message": getattr(cause, "message", None) or str(refusal),
        "blockers": list(getattr(cause, "blockers", ())),
    }
