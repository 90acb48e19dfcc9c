"""Lists are read with bounded memory: what is held does not grow with the list."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from procurement.screening.loaders import csl_csv, house_csv
from procurement.screening.loaders.formats import open_list
from procurement.screening.loaders.json_stream import members
from procurement.screening.loaders.records import ListFault, checked

SOURCE = "Entity List (EL) - Bureau of Industry and Security"
UN_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z"><INDIVIDUALS>'
)
NAMES_FOR_KEYS = 120


def house(count: int) -> Iterator[str]:
    yield ",".join(house_csv.COLUMNS) + "\n"
    yield from (f"Invented {n} {'x' * 100},,SG,entity,review,{'Invented. ' * 20}\n" for n in range(count))


def csl(count: int) -> Iterator[str]:
    yield ",".join(csl_csv.COLUMNS) + "\n"
    for n in range(count):
        row = {"source": SOURCE, "entity_number": str(n), "name": f"Invented {n}", "remarks": "x" * 300}
        yield ",".join(row.get(name, "") for name in csl_csv.COLUMNS) + "\n"


def official(count: int) -> Iterator[str]:
    yield '{"sources": [], "results": ['
    for n in range(count):
        plain = {"source": SOURCE, "entity_number": n, "name": f"Invented {n}", "remarks": "x" * 300}
        yield ("," if n else "") + json.dumps(plain)
    yield "]}"


def projection(count: int) -> Iterator[str]:
    yield '{"entries": ['
    for n in range(count):
        yield ("," if n else "") + json.dumps({"n": f"Invented {n} {'x' * 300}", "s": 0, "e": str(n)})
    tables = {"sources": [SOURCE], "programmes": [], "urls": [], "licenceRequirements": [], "licencePolicies": []}
    head = {"tables": tables, "entryCount": count, "sourceGeneratedAt": "2026-07-31T13:15:00+00:00"}
    yield "], " + json.dumps(head)[1:]


def un(count: int) -> Iterator[str]:
    yield UN_HEAD
    for n in range(count):
        yield f"<INDIVIDUAL><FIRST_NAME>INVENTED {n}</FIRST_NAME><REFERENCE_NUMBER>CDi.{n}</REFERENCE_NUMBER>"
        yield f"<COMMENTS1>{'x' * 300}</COMMENTS1></INDIVIDUAL>\n"
    yield "</INDIVIDUALS></CONSOLIDATED_LIST>\n"


def ftm(count: int) -> Iterator[str]:
    for n in range(count):
        properties = {"name": [f"Invented {n}"], "topics": ["sanction"], "notes": ["x" * 300]}
        plain = {"id": f"x-{n}", "schema": "Company", "caption": "", "properties": properties, "datasets": ["x"]}
        yield json.dumps(plain) + "\n"


def peak(path: Path, count: int) -> int:
    """The most memory held at once while the list is gone through, in bytes."""
    tracemalloc.start()
    try:
        assert sum(1 for _ in checked(open_list(path))) == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", [house, csl, official, projection, un, ftm])
def test_list_ten_times_as_long_takes_hardly_more_memory(tmp_path: Path, form: Callable[[int], Iterator[str]]) -> None:
    held = {}
    for count in (400, 4000):
        path = tmp_path / f"list{count}"
        path.write_text("".join(form(count)))
        held[count] = peak(path, count)
    grown = held[4000] - held[400]
    assert grown < 3600 * NAMES_FOR_KEYS + 150_000, f"{grown:,} bytes more for 3,600 entries of some 400 bytes"


def test_ofac_aliases_and_addresses_beside_are_no_part_of_memory(tmp_path: Path) -> None:
    rest = ",-0- " * 8 + "\n"
    (tmp_path / "sdn.csv").write_text("".join(f'{n},"INVENTED {n}",-0- ,"CUBA"{rest}' for n in range(300)))
    aliases = (f'{n % 300},{n},"aka","ALIAS {n} {"X" * 100}",-0- \n' for n in range(15_000))
    (tmp_path / "alt.csv").write_text("".join(aliases))
    (tmp_path / "add.csv").write_text("".join(f'{n},{n},"1 Road","City 1","Cuba",-0- \n' for n in range(300)))
    assert peak(tmp_path / "sdn.csv", 300) < 1_500_000
    [first, *_] = checked(open_list(tmp_path / "sdn.csv"))
    assert len(first.names) == 51
    assert (first.countries, first.addresses) == (("CU",), ("1 Road, City 1, Cuba",))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"results": [{"a": 1}, {"a": ', "broken_json"),
        ('{"results": [{"a": 1} {"a": 2}]}', "broken_json"),
        ('{"results": []} more', "broken_json"),
        ('{"results": [], "results": []}', "broken_json"),
        ('{"results": [NaN]}', "broken_json"),
        ('{"results": [' + "[" * 100_000, "too_deep"),
        ('{"results": ["' + "x" * 8_500_000 + '"]}', "too_large"),
        ("[]", "broken_json"),
        ("", "broken_json"),
    ],
)
def test_json_that_is_broken_is_refused(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(text)
    with pytest.raises(ListFault) as refusal:
        list(members(path, frozenset({"results"})))
    assert refusal.value.code == code


def test_json_is_read_the_same_wherever_a_chunk_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"head": 12, "results": [{"n": "Ünï", "v": [1, 2.5, None, True, -30]}, 12345, "x"], "tail": {"a": "}"}}
    path = tmp_path / "list.json"
    path.write_text(json.dumps(plain, ensure_ascii=False, indent=1))
    expected = [("head", 12), *(("results", each) for each in plain["results"]), ("tail", {"a": "}"})]
    for size in range(1, 40):
        monkeypatch.setattr("procurement.screening.loaders.json_stream.CHUNK_CHARS", size)
        assert list(members(path, frozenset({"results"}))) == expected
