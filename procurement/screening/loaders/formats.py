"""Which form a file has: decided by its first bytes, never by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from procurement.screening.loaders import csl_csv, csl_json, ftm_json, house_csv, ofac_csv, un_xml
from procurement.screening.loaders.records import ListDocument, ListFault

Reader = Callable[[Path], ListDocument]
_LOOK_BYTES = 65536
_STARTS: tuple[tuple[bytes, Reader], ...] = (
    (",".join(csl_csv.COLUMNS[:4]).encode(), csl_csv.read),
    (",".join(house_csv.COLUMNS[:3]).encode(), house_csv.read),
    (b"{", csl_json.read),
    (b"<", un_xml.read),
)


def open_list(path: Path) -> ListDocument:
    """The list in a file.

    Raises:
        ListFault: no such file, empty, or of no known form.
    """
    if not path.is_file():
        raise ListFault("no_such_file", f"There is no file {path.name}.")
    with path.open("rb") as file:
        start = file.read(_LOOK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    if _is_ftm(start):
        return ftm_json.read(path)
    for prefix, reader in _STARTS:
        if start.startswith(prefix):
            return reader(path)
    if start.split(b",", 1)[0].isdigit():
        return ofac_csv.read(path)
    raise ListFault(
        "unknown_form",
        "The file is none of the forms Writ reads: Consolidated Screening List (CSV or JSON), OFAC SDN.CSV, "
        "UN consolidated XML, FollowTheMoney entities (OpenSanctions), or a house list that begins with "
        + ",".join(house_csv.COLUMNS)
        + ".",
    )


def _is_ftm(start: bytes) -> bool:
    """Whether the first line is an entity: JSON of its own that names a schema and properties."""
    first = start.split(b"\n", 1)[0]
    return first.startswith(b"{") and all(word in first for word in (b'"schema"', b'"properties"', b'"id"'))
