"""What must hold before Writ serves: it signs in to PostgreSQL as a role that is no superuser and owns nothing."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

_WHAT_THE_ROLE_MAY = """
SELECT current_user,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
       EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'public' AND pg_has_role(current_user, c.relowner, 'MEMBER'))
       OR EXISTS (SELECT 1 FROM pg_database WHERE datname = current_database()
                  AND pg_has_role(current_user, datdba, 'MEMBER'))
"""


def serving_role_fault(alias: str = "default") -> str | None:
    """Why the present database role must not serve, or None where it may."""
    with connections[alias].cursor() as cursor:
        cursor.execute(_WHAT_THE_ROLE_MAY)
        row = cursor.fetchone()
    role, is_superuser, is_owner = row or ("?", True, True)
    if not is_superuser and not is_owner:
        return None
    reason = "is a superuser" if is_superuser else "owns tables of Writ or its database"
    return (
        f"Writ does not serve as the database role {role!r}, which {reason}: such a role could rewrite the ledger. "
        "Let DATABASE_URL name a role with table grants only, and WRIT_OWNER_DATABASE_URL the owner "
        "(docs/operations.md)."
    )


def refuse_privileged_role() -> None:
    """Stops a process that is about to serve as an owner or a superuser.

    Raises:
        ImproperlyConfigured: the role may do too much.
    """
    fault = serving_role_fault()
    if fault:
        raise ImproperlyConfigured(fault)


@register(Tags.database)
def check_serving_role(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The same rule as a Django check (`manage.py check --database default`)."""
    if not databases or settings.WRIT_DATABASE_ROLE == "owner":
        return []
    faults = [serving_role_fault(alias) for alias in databases]
    return [Error(fault, id="writ.E001") for fault in faults if fault]
