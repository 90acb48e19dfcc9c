"""What every loader yields: entries with their hash, and what the document says of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from pathlib import Path

from procurement.screening.matching.normalise import MAX_NAME_LENGTH
from procurement.screening.matching.subjects import ListedParty, Name, PartyKind

MAX_NAMES = 500
MAX_DROP_PERCENT = 5
MAX_KEY_LENGTH = 120
MAX_ADDRESS_LENGTH = 500
MAX_TEXT_LENGTH = 20_000
MAX_TEXTS = 200
MAX_DAYS_AHEAD = 2
_LATER_FACTS = ("addresses", "identifiers", "born", "owners")


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
        addresses, identifiers, born, owners: as the list prints them; an owner with its share, where it says one.
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
    addresses: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    born: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    @property
    def content_sha256(self) -> str:
        """Hash of the whole entry: it changes when anything the list says of the party changes.

        A fact that came later to Writ counts only where a list states it: what was decided before stays decided.
        """
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in _LATER_FACTS:
            plain[name] = sorted(plain[name])
            if not plain[name]:
                del plain[name]
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
        files: every file it was read from, the named one first; their bytes together are the snapshot's hash.
    """

    source_code: str
    title: str
    entries: Iterator[EntryRecord]
    published_at: datetime | None = None
    announced_count: int | None = None
    files: tuple[Path, ...] = ()


@dataclass
class KeySequence:
    """Keys for entries that carry no number: the same name again gets ``#2``, ``#3``, in file order.

    Of each key only a number of 64 bits is kept: a list of a million entries takes some 100 MB here, and nothing else
    of it stays in memory.
    """

    _seen: dict[int, int] = field(default_factory=dict)

    def unique(self, key: str) -> str:
        """``key``, or ``key#n`` at its n-th occurrence.

        Raises:
            ListFault: longer than any list's numbers are.
        """
        if len(key) > MAX_KEY_LENGTH - len("#99999"):
            raise ListFault("key_too_long", f"An entry's number of {len(key)} characters: {key[:40]!r}.")
        mark = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")
        self._seen[mark] = self._seen.get(mark, 0) + 1
        return key if self._seen[mark] == 1 else f"{key}#{self._seen[mark]}"


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
        yield _checked_entry(entry)
    if count == 0:
        raise ListFault("empty_list", "The list has no entries.")
    if document.announced_count is not None and document.announced_count != count:
        raise ListFault(
            "wrong_count",
            f"The list announces {document.announced_count} entries and has {count}: truncated?",
        )


def _checked_entry(entry: EntryRecord) -> EntryRecord:
    """An entry whose texts are of a size that a list's are.

    Raises:
        ListFault: one is not; it names the entry.
    """
    if len(entry.url) > MAX_ADDRESS_LENGTH:
        raise ListFault("url_too_long", f"Entry {entry.key}: an address of more than {MAX_ADDRESS_LENGTH} characters.")
    for each in fields(entry):
        value = getattr(entry, each.name)
        texts = value if isinstance(value, tuple) else (value,)
        if len(texts) > MAX_TEXTS and each.name != "names":
            raise ListFault("too_many_texts", f"Entry {entry.key}: {len(texts)} {each.name}; the limit is {MAX_TEXTS}.")
        if any(isinstance(text, str) and len(text) > MAX_TEXT_LENGTH for text in texts):
            words = each.name.replace("_", " ")
            raise ListFault("text_too_long", f"Entry {entry.key}: {words} of more than {MAX_TEXT_LENGTH} characters.")
    return entry


def check_drop(previous: int, gone: int, what: str = "entries") -> None:
    """Refuse a list in which more than 5 % of the entries (or names) of the one in force are gone.

    Args:
        gone: how many of the ``previous`` ones the new list does not have.

    Raises:
        ListFault: with both counts.
    """
    if previous and gone * 100 > previous * MAX_DROP_PERCENT:
        raise ListFault(
            "suspiciously_smaller",
            f"Of {previous} {what} in force, {gone} are gone from the new list: more than {MAX_DROP_PERCENT} %. "
            "The old list stays in force. Check the source, then load it with the drop confirmed.",
        )


def check_dates(said_on: date, in_force_on: date | None, today: date) -> None:
    """Refuse a list that is dated in the future, which would never grow old, or before the one in force.

    Raises:
        ListFault: with the dates.
    """
    if said_on > today + timedelta(days=MAX_DAYS_AHEAD):
        raise ListFault("future_date", f"The list is dated {said_on}, which lies in the future.")
    if in_force_on is not None and said_on < in_force_on:
        raise ListFault(
            "older_than_in_force",
            f"The list is of {said_on}, the one in force of {in_force_on}: an older one does not replace it. "
            "If it shall, load it with the drop confirmed.",
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


def web_address(text: str | None) -> str:
    """A link that may be followed: http or https; "" for anything else a list puts there."""
    plain = clean(text)
    return plain if plain.lower().startswith(("https://", "http://")) else ""
