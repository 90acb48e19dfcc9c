"""A batch in CSV or JSON lines, read line by line."""

import pytest

from procurement.screening.batch import BatchLine, read_batch


def test_batch_csv_gives_a_line_for_each_row() -> None:
    lines = ["ref,name,country\n", "a,Example Ltd,China\n", 'b,"Sample, Inc.",\n']
    assert list(read_batch(lines)) == [
        BatchLine(2, "Example Ltd", ("CN",), "a"),
        BatchLine(3, "Sample, Inc.", (), "b"),
    ]


def test_batch_json_lines_gives_a_line_for_each_object() -> None:
    assert list(read_batch(['{"name": "华为", "country": "CN"}\n', "\n", '{"name": "B", "ref": 7}\n'])) == [
        BatchLine(1, "华为", ("CN",)),
        BatchLine(3, "B", (), "7"),
    ]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["title\n", "x\n"], "header"),
        (["name,country\n", "x\n"], "number of fields"),
        (["name,country\n", "x,Atlantis\n"], "unknown country"),
        (["name,country\n", " ,CN\n"], "no name"),
        (['{"name": "x"\n'], "not JSON"),
        (['{"name": 7}\n'], "no name"),
        (["{}\n"], "no name"),
        (["name\n", '"x\n'], "broken CSV"),
        ([], "header"),
    ],
)
def test_batch_bad_line_says_what_is_wrong(lines: list[str], fault: str) -> None:
    assert any(fault in line.fault for line in read_batch(lines))
