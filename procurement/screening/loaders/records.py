"""What every loader yields: entries with their hash, and what the document says of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime

from procurement.screening.matching.normalise import MAX_NAME_LENGTH
from procurement.screening.matching.subjects import ListedParty, Name, PartyKind

MAX_NAMES = 500
MAX_DROP_PERCENT = 5


class ListFault(Exception):
    """A list that cannot be taken: broken, truncated, of an unknown form, or suspiciously smaller.

    Attributes:
        code: stable and machine-readable.
        message: what is wrong and where.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class EntryRecord:
    """One listed party, with all that its list says of it.

    Attributes:
        key: stable identity inside the list's source, such as ``SDN:20264``.
        authority: code of the list, see ``effects``.
        declared_effect: a house list's own effect; "" otherwise.
        ends_on: when the measure ends by its own words; ``None`` if it does not say.
    """

    key: str
    authority: str
    names: tuple[Name, ...]
    kind: PartyKind = PartyKind.UNKNOWN
    countries: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()
    notice: str = ""
    url: str = ""
    licence_requirement: str = ""
    licence_policy: str = ""
    declared_effect: str = ""
    reason: str = ""
    remarks: str = ""
    ends_on: date | None = None

    @property
    def content_sha256(self) -> str:
        """Hash of the whole entry: it changes when anything the list says of the party changes."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        plain["kind"] = str(self.kind)
        plain["ends_on"] = self.ends_on.isoformat() if self.ends_on else None
        plain["names"] = sorted([str(name.kind), name.text] for name in self.names)
        plain["countries"] = sorted(self.countries)
        plain["programmes"] = sorted(self.programmes)
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    def as_listed(self, source_code: str) -> ListedParty:
        """The part that matching needs."""
        return ListedParty(f"{source_code}:{self.key}", self.content_sha256, self.names, self.countries, self.kind)


@dataclass(frozen=True)
class ListDocument:
    """A list as read: entries come as a stream; a fault may be raised at any of them.

    Attributes:
        source_code: which list this is (``csl``, ``un``, ``house``, ``ofac``).
        published_at: when its publisher made it, where the file says so.
        announced_count: how many entries it says it has, where it says so.
    """

    source_code: str
    title: str
    entries: Iterator[EntryRecord]
    published_at: datetime | None = None
    announced_count: int | None = None


@dataclass
class KeySequence:
    """Keys for entries that carry no number: the same name again gets ``#2``, ``#3``, in file order."""

    _seen: dict[str, int] = field(default_factory=dict)

    def unique(self, key: str) -> str:
        """``key``, or ``key#n`` at its n-th occurrence."""
        self._seen[key] = self._seen.get(key, 0) + 1
        return key if self._seen[key] == 1 else f"{key}#{self._seen[key]}"


def checked_names(names: list[Name], where: str) -> tuple[Name, ...]:
    """Names without blanks and repetitions.

    Raises:
        ListFault: there is none, or one is longer or there are more than any real list has.
    """
    kept = tuple(dict.fromkeys(name for name in names if name.text))
    if not kept:
        raise ListFault("nameless_entry", f"{where}: an entry without a name.")
    if len(kept) > MAX_NAMES:
        raise ListFault("too_many_names", f"{where}: {len(kept)} names; the limit is {MAX_NAMES}.")
    if any(len(name.text) > MAX_NAME_LENGTH for name in kept):
        raise ListFault("name_too_long", f"{where}: a name of more than {MAX_NAME_LENGTH} characters.")
    return kept


def checked(document: ListDocument) -> Iterator[EntryRecord]:
    """The entries of a document, which must be at least one and as many as it announced.

    Raises:
        ListFault: empty, or not the announced number.
    """
    count = 0
    for entry in document.entries:
        count += 1
        yield entry
    if count == 0:
        raise ListFault("empty_list", "The list has no entries.")
    if document.announced_count is not None and document.announced_count != count:
        raise ListFault(
            "wrong_count",
            f"The list announces {document.announced_count} entries and has {count}: truncated?",
        )


def check_drop(previous: int, new: int) -> None:
    """Refuse a list that lost more than 5 % of its entries against the one in force.

    Raises:
        ListFault: with both counts.
    """
    if previous and (previous - new) * 100 > previous * MAX_DROP_PERCENT:
        raise ListFault(
            "suspiciously_smaller",
            f"The new list has {new} entries, the one in force {previous}: more than {MAX_DROP_PERCENT} % "
            "gone. The old list stays in force. Check the source, then load it with the drop confirmed.",
        )


def name_key(authority: str, name: str) -> str:
    """A key for an entry that carries no number: its authority and a hash of its first name."""
    return f"{authority}:{hashlib.sha256(name.casefold().encode()).hexdigest()[:20]}"


def clean(text: str | None) -> str:
    """Text with single spaces; "" for none. Surrogates and NUL, which no list means, are dropped."""
    if not text:
        return ""
    safe = text.replace("\x00", "").encode("utf-8", "ignore").decode()
    return " ".join(safe.split())


def split_list(text: str, separator: str = ";") -> tuple[str, ...]:
    """The parts of a separated field, cleaned, without blanks."""
    return tuple(part for part in (clean(piece) for piece in text.split(separator)) if part)
