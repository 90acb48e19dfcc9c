"""The shape of what a machine checks in a condition: one parameter a kind (no Django models here)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from ledger.errors import InvalidInput

WINDOW_LIMIT_S: Final = 3_600


def check_parameter(kind: str, parameter: Mapping[str, Any]) -> None:
    """Refuse a machine-checked condition whose parameter is not what its kind needs.

    Kinds: ``site`` {"site": uuid}; ``end_user`` {"end_user": uuid}; ``end_use`` {"end_uses": [codes]};
    ``checkpoint_window_s`` {"seconds": 1 to 3600}.

    Raises:
        InvalidInput: another kind, or a parameter of another shape.
    """
    check = _CHECKS.get(kind)
    if check is None:
        raise InvalidInput(
            f"Nobody but a person can check a condition of the kind {kind.replace('_', ' ')}; have it attested.",
            field="conditions",
        )
    if not check(parameter):
        raise InvalidInput(
            f"The condition on the {kind.replace('_', ' ')} has no value that can be checked.", field="conditions"
        )


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False


def _is_window(parameter: Mapping[str, Any]) -> bool:
    seconds = parameter.get("seconds")
    return isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= WINDOW_LIMIT_S


_CHECKS: Final[dict[str, Callable[[Mapping[str, Any]], bool]]] = {
    "site": lambda parameter: _is_uuid(parameter.get("site")),
    "end_user": lambda parameter: _is_uuid(parameter.get("end_user")),
    "end_use": lambda parameter: isinstance(parameter.get("end_uses"), list) and bool(parameter["end_uses"]),
    "checkpoint_window_s": _is_window,
}
