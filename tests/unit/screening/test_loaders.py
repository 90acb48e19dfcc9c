"""Lists are read whole, or refused with a reason."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procurement.screening.loaders import csl_csv, house_csv
from procurement.screening.loaders.formats import open_list
from procurement.screening.loaders.records import EntryRecord, ListFault, check_drop, checked
from procurement.screening.matching.subjects import Name, NameKind, PartyKind
from tests.unit.screening.test_ftm import WORKS

ROOT = Path(__file__).resolve().parents[3]
HOUSE_HEADER = ",".join(house_csv.COLUMNS) + "\n"
CSL_ROW = {
    "source": "Entity List (EL) - Bureau of Industry and Security",
    "name": "Example Fabrication Ltd.",
    "addresses": "1 Street, Example City, CN; 2 Street, Hong Kong, HK",
    "federal_register_notice": "80 FR 1",
    "end_date": "2030-01-02",
    "license_policy": "Presumption of denial.",
    "alt_names": "Example Fab; Sample Fab",
}
UN = """<?xml version="1.0" encoding="UTF-8"?>
{doctype}<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z"><INDIVIDUALS><INDIVIDUAL>
<DATAID>1</DATAID><FIRST_NAME>ERIC</FIRST_NAME><SECOND_NAME>EXAMPLE</SECOND_NAME><UN_LIST_TYPE>DRC</UN_LIST_TYPE>
<REFERENCE_NUMBER>CDi.001</REFERENCE_NUMBER><NATIONALITY><VALUE>Rwanda</VALUE></NATIONALITY>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Rico</ALIAS_NAME></INDIVIDUAL_ALIAS>
</INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>
"""


def read(path: Path) -> list[EntryRecord]:
    return list(checked(open_list(path)))


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "list"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def csl(**changes: str) -> str:
    row = {**CSL_ROW, **changes}
    cells = ",".join(f'"{row.get(name, "")}"' for name in csl_csv.COLUMNS)
    return ",".join(csl_csv.COLUMNS) + "\n" + cells + "\n"


def projection(**changes: object) -> str:
    plain = {
        "sourceGeneratedAt": "2026-07-31T13:15:00+00:00",
        "entryCount": 1,
        "tables": {
            "sources": ["Unverified List (UVL) - Bureau of Industry and Security"],
            "licenceRequirements": ["All items"],
            "licencePolicies": ["Denial"],
            "programmes": ["X"],
            "urls": ["https://example.org"],
        },
        "entries": [{"n": "Example University", "a": ["EU"], "s": 0, "c": ["CN"], "u": 0, "lr": 0}],
    }
    return json.dumps({**plain, **changes})


def test_csl_csv_row_becomes_an_entry(tmp_path: Path) -> None:
    [entry] = read(written(tmp_path, csl()))
    assert entry.authority == "EL"
    assert entry.names == (
        Name("Example Fabrication Ltd."),
        Name("Example Fab", NameKind.ALIAS),
        Name("Sample Fab", NameKind.ALIAS),
    )
    assert entry.countries == ("CN", "HK")
    assert entry.ends_on == date(2030, 1, 2)
    assert entry.licence_policy == "Presumption of denial."


def test_csl_json_entry_takes_texts_from_the_tables(tmp_path: Path) -> None:
    [entry] = read(written(tmp_path, projection()))
    assert (entry.authority, entry.licence_requirement, entry.url) == (
        "UVL",
        "All items",
        "https://example.org",
    )


def test_un_xml_record_becomes_an_entry(tmp_path: Path) -> None:
    [entry] = read(written(tmp_path, UN.format(doctype="")))
    assert entry.key == "UN:CDi.001"
    assert entry.names == (Name("ERIC EXAMPLE"), Name("Rico", NameKind.WEAK))
    assert (entry.kind, entry.countries) == (PartyKind.INDIVIDUAL, ("RW",))


def test_ofac_csv_row_takes_aliases_from_the_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "alt.csv").write_text('7,1,"fka","OLD EXAMPLE",-0- \n')
    (tmp_path / "sdn.csv").write_text('7,"EXAMPLE, S.A.",-0- ,"CUBA"' + ",-0- " * 8 + "\n")
    [entry] = read(tmp_path / "sdn.csv")
    assert entry.key == "SDN:7"
    assert entry.names == (Name("EXAMPLE, S.A."), Name("OLD EXAMPLE", NameKind.FORMER))


def test_house_list_that_ships_is_read_and_says_it_is_fictional() -> None:
    entries = read(ROOT / "config" / "demo" / "house_list.csv")
    assert len(entries) >= 3
    assert all("demo" in entry.names[0].text and "Fictional" in entry.reason for entry in entries)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "unknown_form"),
        ("hello", "unknown_form"),
        (HOUSE_HEADER, "empty_list"),
        (HOUSE_HEADER + "A,,AE,entity,stop\n", "wrong_width"),
        (HOUSE_HEADER + "A,,AE,entity,maybe,x\n", "unknown_word"),
        (HOUSE_HEADER + "A,,AE,thing,stop,x\n", "unknown_word"),
        (HOUSE_HEADER + "A,,Atlantis,entity,stop,x\n", "unknown_country"),
        (HOUSE_HEADER + ",,AE,entity,stop,x\n", "nameless_entry"),
        (HOUSE_HEADER + "A,,AE,entity,stop,cut o", "truncated"),
        (HOUSE_HEADER + '"A,,AE,entity,stop,x\n', "broken_csv"),
        (HOUSE_HEADER.encode() + b"\xff\xfe,,AE,entity,stop,x\n", "not_utf8"),
        (HOUSE_HEADER + "A" * 501 + ",,AE,entity,stop,x\n", "name_too_long"),
        (csl(source="Some New List (SNL)"), "unknown_authority"),
        (csl(end_date="soon"), "broken_date"),
        (csl().replace(",ids\n", "\n", 1), "wrong_columns"),
        (projection()[:-20], "broken_json"),
        (projection(entryCount=2), "wrong_count"),
        (projection(entries=[{"n": "A", "s": 9}]), "wrong_form"),
        ("{}", "wrong_form"),
        (UN.format(doctype="")[:-60], "broken_xml"),
        (UN.format(doctype='<!DOCTYPE x [<!ENTITY a "b">]>'), "forbidden_doctype"),
        (UN.format(doctype="<!DOCTYPE x>"), "forbidden_doctype"),
        ("<OTHER/>", "wrong_form"),
    ],
)
def test_list_that_is_broken_is_refused_with_its_reason(tmp_path: Path, text: str | bytes, code: str) -> None:
    with pytest.raises(ListFault) as refusal:
        read(written(tmp_path, text))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("previous", "gone", "refused"), [(100, 5, False), (100, 6, True), (0, 0, False), (20, 1, False)]
)
def test_list_that_lost_more_than_a_twentieth_is_refused(previous: int, gone: int, refused: bool) -> None:
    if refused:
        with pytest.raises(ListFault, match="more than 5 %"):
            check_drop(previous, gone)
    else:
        check_drop(previous, gone)


def test_entry_same_content_in_another_order_has_the_same_hash(tmp_path: Path) -> None:
    one = EntryRecord("k", "EL", (Name("A"), Name("B", NameKind.ALIAS)), countries=("CN", "HK"))
    two = EntryRecord("k", "EL", (Name("A"), Name("B", NameKind.ALIAS)), countries=("HK", "CN"))
    assert one.content_sha256 == two.content_sha256


@pytest.mark.parametrize(
    "change",
    [{"notice": "81 FR 2"}, {"countries": ("CN",)}, {"names": (Name("A"),)}, {"ends_on": date(2027, 1, 1)}],
)
def test_entry_changed_content_has_another_hash(change: dict[str, object]) -> None:
    plain: dict[str, object] = {
        "key": "k",
        "authority": "EL",
        "names": (Name("A"), Name("B")),
        "countries": ("HK",),
    }
    assert EntryRecord(**plain).content_sha256 != EntryRecord(**{**plain, **change}).content_sha256


def test_entries_of_one_name_have_keys_of_their_own(tmp_path: Path) -> None:
    row = "Example,,AE,entity,stop,x\n"
    keys = [entry.key for entry in read(written(tmp_path, HOUSE_HEADER + row + row))]
    assert len(set(keys)) == 2


SEEDS = [
    csl().encode(),
    projection().encode(),
    UN.format(doctype="").encode(),
    (HOUSE_HEADER + "A,B; C,AE,entity,stop,x\n").encode(),
    json.dumps({"sources": [], "results": [{**CSL_ROW, "addresses": [], "alt_names": ["Example Fab"]}]}).encode(),
    (json.dumps(WORKS) + "\n").encode(),
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_list_fuzzed_either_loads_or_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    plain = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(plain) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert"])):
            case "flip":
                plain[at] = data.draw(st.integers(0, 255))
            case "cut":
                plain = plain[: max(1, at)]
            case "insert":
                plain[at:at] = data.draw(st.binary(min_size=1, max_size=8))
    try:
        entries = read(written(tmp_path, bytes(plain)))
    except ListFault as fault:
        reason = fault.code and fault.message
        entries = []
    else:
        reason = "loaded"
    assert reason
    assert all(entry.names and entry.content_sha256 for entry in entries)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "entries", "names"),
    [
        ("csl_2026-07-31_projection.json", 25921, 57168),
        ("UN_consolidated.xml", 1003, 4123),
        ("watchman_csl.csv", 115, 276),
        ("ofac_sdn_sample.csv", 400, 800),
    ],
)
def test_real_list_is_read_whole(data_folder: Path, name: str, entries: int, names: int) -> None:
    read_entries = read(data_folder / "screening" / name)
    assert (len(read_entries), sum(len(entry.names) for entry in read_entries)) == (entries, names)
