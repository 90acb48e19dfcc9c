"""The UN Security Council Consolidated List (XML), parsed with document types and entities refused."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from procurement.screening.loaders.countries import country_codes
from procurement.screening.loaders.records import (
    EntryRecord,
    KeySequence,
    ListDocument,
    ListFault,
    checked_names,
    clean,
    name_key,
)
from procurement.screening.matching.subjects import Name, NameKind, PartyKind

CHUNK_BYTES = 65536
MAX_DEPTH = 16
MAX_RECORD_CHARS = 1_000_000
MAX_RECORD_ELEMENTS = 20_000
_RECORDS = {"INDIVIDUAL": PartyKind.INDIVIDUAL, "ENTITY": PartyKind.ENTITY}
_ALIAS_KINDS = {"low": NameKind.WEAK, "f.k.a.": NameKind.FORMER}
_NAME_PARTS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
_URL = "https://main.un.org/securitycouncil/en/content/un-sc-consolidated-list"


class _Reader:
    """Builds one record at a time out of expat's events; nothing else of the document is kept."""

    def __init__(self) -> None:
        self.done: deque[Element] = deque()
        self.root: str = ""
        self.generated: str = ""
        self._depth = 0
        self._builder: TreeBuilder | None = None
        self._chars = 0
        self._elements = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse

    def _refuse(self, *_: object) -> None:
        raise ListFault("forbidden_doctype", "The file declares a document type or entities; a list never does.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ListFault("too_deep", f"Elements nested deeper than {MAX_DEPTH}.")
        if not self.root:
            self.root, self.generated = tag, attributes.get("dateGenerated", "")
        if self._builder is None and tag in _RECORDS:
            self._builder = TreeBuilder()
            self._chars = self._elements = 0
        if self._builder is not None:
            self._elements += 1
            self._check_size()
            self._builder.start(tag, {})

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._builder is None:
            return
        self._builder.end(tag)
        if tag in _RECORDS:
            self.done.append(self._builder.close())
            self._builder = None

    def _text(self, text: str) -> None:
        if self._builder is not None:
            self._chars += len(text)
            self._check_size()
            self._builder.data(text)

    def _check_size(self) -> None:
        if self._chars > MAX_RECORD_CHARS or self._elements > MAX_RECORD_ELEMENTS:
            raise ListFault("record_too_large", "A record is larger than any of this list's is.")


def read(path: Path) -> ListDocument:
    """The list in ``path``; records are read as they are asked for.

    Raises:
        ListFault: not this list's XML, or a document type or entity is declared.
    """
    published = _published(_generated(path))
    return ListDocument("un", "UN Security Council Consolidated List", _entries(path), published, files=(path,))


def _generated(path: Path) -> str:
    """The date of making that the root element carries, after a look at the first chunk."""
    reader = _Reader()
    with path.open("rb") as file:
        _feed(reader, file.read(CHUNK_BYTES), last=False)
    if reader.root != "CONSOLIDATED_LIST":
        raise ListFault("wrong_form", "Not the UN list: the root element is not CONSOLIDATED_LIST.")
    return reader.generated


def _published(text: str) -> datetime | None:
    """The date of making, where it is one."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as fault:
        raise ListFault("broken_date", f"dateGenerated {text[:40]!r} is not a date.") from fault


def _entries(path: Path) -> Iterator[EntryRecord]:
    keys = KeySequence()
    reader = _Reader()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            _feed(reader, chunk, last=False)
            while reader.done:
                yield _entry(reader.done.popleft(), keys)
    _feed(reader, b"", last=True)


def _feed(reader: _Reader, chunk: bytes, *, last: bool) -> None:
    """Parse one chunk; the end must be a well-formed end."""
    try:
        reader.parser.Parse(chunk, last)
    except (expat.ExpatError, ValueError, LookupError) as fault:
        raise ListFault("broken_xml", f"Broken or truncated XML: {fault}.") from fault


def _entry(record: Element, keys: KeySequence) -> EntryRecord:
    reference = clean(record.findtext("REFERENCE_NUMBER"))
    where = f"Record {reference or clean(record.findtext('DATAID'))}"
    names = checked_names(_names(record), where)
    return EntryRecord(
        key=keys.unique(f"UN:{reference}" if reference else name_key("UN", names[0].text)),
        authority="UN",
        names=names,
        kind=_RECORDS[record.tag],
        countries=_countries(record),
        programmes=tuple(filter(None, [clean(record.findtext("UN_LIST_TYPE"))])),
        notice=reference,
        url=_URL,
        remarks=clean(record.findtext("COMMENTS1")),
        addresses=_addresses(record),
        identifiers=_told(record.iter("INDIVIDUAL_DOCUMENT"), ("TYPE_OF_DOCUMENT", "NUMBER", "ISSUING_COUNTRY")),
        born=_told(record.iter("INDIVIDUAL_DATE_OF_BIRTH"), ("DATE", "YEAR", "FROM_YEAR", "TO_YEAR")),
    )


def _addresses(record: Element) -> tuple[str, ...]:
    found = (*record.iter("INDIVIDUAL_ADDRESS"), *record.iter("ENTITY_ADDRESS"))
    return _told(found, ("STREET", "CITY", "STATE_PROVINCE", "ZIP_CODE", "COUNTRY"))


def _told(elements: Iterable[Element], parts: tuple[str, ...]) -> tuple[str, ...]:
    """What each element says in these parts, in one line; none that says nothing."""
    lines = (", ".join(filter(None, (clean(each.findtext(part)) for part in parts))) for each in elements)
    return tuple(dict.fromkeys(line for line in lines if line))


def _names(record: Element) -> list[Name]:
    """The name, its original script, and the aliases; a low-quality alias is a weak name."""
    parts = [clean(record.findtext(part)) for part in _NAME_PARTS]
    names = [Name(" ".join(filter(None, parts)))]
    names.append(Name(clean(record.findtext("NAME_ORIGINAL_SCRIPT")), NameKind.ORIGINAL_SCRIPT))
    for alias in (*record.iter("INDIVIDUAL_ALIAS"), *record.iter("ENTITY_ALIAS")):
        quality = clean(alias.findtext("QUALITY")).lower()
        text = clean(alias.findtext("ALIAS_NAME"))
        names.append(Name(text, _ALIAS_KINDS.get(quality, NameKind.ALIAS)))
    return names


def _countries(record: Element) -> tuple[str, ...]:
    """Countries of nationality and address."""
    values = [value.text or "" for value in record.iterfind("NATIONALITY/VALUE")]
    addresses = (*record.iter("INDIVIDUAL_ADDRESS"), *record.iter("ENTITY_ADDRESS"))
    values.extend(address.findtext("COUNTRY") or "" for address in addresses)
    return country_codes(tuple(clean(value) for value in values))
