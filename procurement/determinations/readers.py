"""What is typed for one fact, read into its value; what does not fit is refused by its name (no Django here)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final, TypeVar

from ledger.errors import InvalidInput
from procurement.regimes.facts import ListEffect, ListingFacts, OwnerFacts, RemoteUserFacts
from procurement.regimes.geography import UnknownCountry, country_code

TEXT_LIMIT: Final = 4000
NUMBER_LIMIT: Final = Decimal("1e12")
LIST_LIMIT: Final = 100
NOTHING_FOUND: Final = "none"
Choice = TypeVar("Choice", bound=StrEnum)
Reader = Callable[[str, str], Any]


def plain(name: object, value: object) -> str:
    """A value of a line of a batch or of the API as text, without what no text holds."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int | float):
        raise InvalidInput(f"{name}: {value!r} is not a plain value.", field=str(name))
    text = str(value).strip()
    if len(text) > TEXT_LIMIT:
        raise InvalidInput(f"{name}: at most {TEXT_LIMIT} characters.", field=str(name))
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\r\t" for each in text):
        raise InvalidInput(f"{name}: holds a control character.", field=str(name))
    return text


def words(_name: str, text: str) -> str:
    """The text as it stands."""
    return text


def country(name: str, text: str) -> str:
    """A two-letter country code."""
    try:
        return country_code(text)
    except UnknownCountry as unknown:
        raise InvalidInput(f"{name}: {unknown}.", field=name) from unknown


def countries(name: str, text: str) -> tuple[str, ...]:
    """Country codes, apart by semicolons."""
    return tuple(country(name, each) for each in several(name, text))


def yes_no(name: str, text: str) -> bool:
    """Yes or no."""
    known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in known:
        raise InvalidInput(f"{name}: {text!r} is neither yes nor no.", field=name)
    return known[text.lower()]


def day(name: str, text: str) -> date:
    """A day such as 2026-01-15."""
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise InvalidInput(f"{name}: {text!r} is not a date such as 2026-01-15.", field=name) from wrong


def number(name: str, text: str) -> Decimal:
    """A number that is not negative."""
    try:
        value = Decimal(text)
    except InvalidOperation as wrong:
        raise InvalidInput(f"{name}: {text!r} is not a number.", field=name) from wrong
    if not value.is_finite() or not 0 <= value <= NUMBER_LIMIT:
        raise InvalidInput(f"{name}: {text} is not between 0 and {NUMBER_LIMIT:f}.", field=name)
    return value


def count(name: str, text: str) -> int:
    """A whole number that is not negative."""
    value = number(name, text)
    if value != value.to_integral_value():
        raise InvalidInput(f"{name}: {text} is not a whole number.", field=name)
    return int(value)


def percent(name: str, text: str) -> Decimal:
    """A percentage, 0 to 100."""
    try:
        value = Decimal(text.removesuffix("%").strip())
    except InvalidOperation as wrong:
        raise InvalidInput(f"{name}: {text!r} is not a percentage.", field=name) from wrong
    if not value.is_finite() or not 0 <= value <= 100:
        raise InvalidInput(f"{name}: {text} is not between 0 and 100.", field=name)
    return value


def one_of(kind: type[Choice]) -> Callable[[str, str], Choice]:
    """A reader of one member's value; its ``kind`` is kept for forms."""

    def read(name: str, text: str) -> Choice:
        try:
            return kind(text.lower().replace("-", "_"))
        except ValueError as unknown:
            known = ", ".join(each.value for each in kind)
            raise InvalidInput(f"{name}: {text!r} is not one of {known}.", field=name) from unknown

    read.kind = kind  # type: ignore[attr-defined]
    return read


def several(name: str, text: str) -> tuple[str, ...]:
    """Words apart by semicolons."""
    found = tuple(each.strip() for each in text.split(";") if each.strip())
    if len(found) > LIST_LIMIT:
        raise InvalidInput(f"{name}: at most {LIST_LIMIT} entries.", field=name)
    return found


def remote_users(name: str, text: str) -> tuple[RemoteUserFacts, ...]:
    """`Name|CC; Name`: remote users with the country of their headquarters, where it is known."""
    return tuple(_remote_user(name, each) for each in several(name, text))


def _remote_user(name: str, text: str) -> RemoteUserFacts:
    who, hq = _parts(name, text, 2)
    return RemoteUserFacts(who, country(name, hq) if hq else None)


def owners(name: str, text: str) -> tuple[OwnerFacts, ...]:
    """`Name|share in per cent|CC|effect of its listing`: direct owners; an empty part is not known."""
    return tuple(_owner(name, each) for each in several(name, text))


def _owner(name: str, text: str) -> OwnerFacts:
    who, share, hq, effect = _parts(name, text, 4)
    return OwnerFacts(
        who,
        percent(name, share) if share else None,
        (_listing(name, effect),) if effect else (),
        country(name, hq) if hq else None,
    )


def listings(name: str, text: str) -> tuple[ListingFacts, ...]:
    """`effect|list|entry|policy`: confirmed matches; `none` where the party was screened and nothing was found."""
    if text.strip().lower() == NOTHING_FOUND:
        return ()
    return tuple(_listing(name, each) for each in several(name, text))


def _listing(name: str, text: str) -> ListingFacts:
    effect, source, entry, policy = _parts(name, text, 4)
    kind = one_of(ListEffect)(name, effect)
    return ListingFacts(source or "a list named by hand", entry or "as stated by hand", kind, policy)


def _parts(name: str, text: str, limit: int) -> list[str]:
    parts = [each.strip() for each in text.split("|")]
    if len(parts) > limit or not parts[0]:
        raise InvalidInput(f"{name}: {text!r} is not one to {limit} parts apart by |, the first given.", field=name)
    return parts + [""] * (limit - len(parts))


def given(values: Mapping[str, str], name: str, read: Reader) -> Any:
    """The value of a name, or ``None`` where it was not given."""
    return read(name, values[name]) if name in values else None
