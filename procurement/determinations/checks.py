"""A rule set that is switched on is read whole before anything starts: Writ answers by no half of a law."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from procurement.determinations.rules import present
from procurement.regimes.dated import LawFault


def rules_fault() -> str | None:
    """Why the rule set that is switched on cannot be read, or None where it can."""
    try:
        present()
    except LawFault as fault:
        where = f"the folder of WRIT_RULES ({settings.WRIT_RULES})" if settings.WRIT_RULES else "the packages"
        return f"The rule set of {where} is not sound: {fault}"
    return None


def refuse_faulty_rules() -> None:
    """Stops a process that is about to serve under such a set. Raises: ImproperlyConfigured."""
    if fault := rules_fault():
        raise ImproperlyConfigured(fault)


@register()
def check_rules(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The same as a Django check, which every command but those that mend it runs at its start."""
    fault = rules_fault()
    return [Error(fault, hint="manage.py rules check FOLDER", id="writ.E020")] if fault else []
