"""``lists`` and ``screen`` at the command line: their answers and exit statuses."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from procurement.screening.models import AdHocSearch, ListSnapshot
from tests.integration.screening.conftest import MERIDIAN, OTHERS

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def status_of(*words: str) -> int:
    with pytest.raises(CommandError) as refusal:
        run(*words)
    return refusal.value.returncode


def test_lists_load_puts_the_list_in_force(write) -> None:
    plain = json.loads(run("lists", "load", str(write(MERIDIAN + OTHERS)), "--fictional", "--json"))
    assert (plain["source"], plain["entries"], plain["is_new"]) == ("house", 41, True)
    assert ListSnapshot.objects.get().is_fictional


def test_lists_load_broken_exits_2_and_shrunken_exits_3(house, write, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("nothing of the sort\n")
    assert status_of("lists", "load", str(broken)) == 2
    assert status_of("lists", "load", str(tmp_path / "missing")) == 2
    assert status_of("lists", "load", str(write(MERIDIAN))) == 3


def test_screen_tells_hits_and_logs_purpose_and_account(house) -> None:
    plain = json.loads(run("screen", "Fictional Meridian Trading", "--purpose", "a test", "--json"))
    assert [hit["list"] for hit in plain["hits"]] == ["HOUSE"]
    assert AdHocSearch.objects.get().purpose.startswith("a test (command line, account ")


def test_screen_name_on_no_list_exits_0(house) -> None:
    assert "0 hits" in run("screen", "Bright Harbour Cloud")


def test_screen_without_any_list_exits_3() -> None:
    assert status_of("screen", "Somebody") == 3


def test_screen_without_a_name_exits_2(house) -> None:
    assert status_of("screen") == 2
    assert status_of("screen", "x" * 301) == 2
    assert status_of("screen", "Somebody", "--country", "Atlantis") == 2


def test_screen_batch_gives_a_json_line_for_each_line(house, tmp_path: Path) -> None:
    batch = tmp_path / "batch.csv"
    batch.write_text("ref,name\n1,Meridian Fiction\n2,Bright Harbour Cloud\n")
    answers = [json.loads(line) for line in run("screen", "--batch", str(batch)).splitlines()]
    assert [(answer["ref"], len(answer["hits"])) for answer in answers] == [("1", 1), ("2", 0)]


def test_screen_batch_with_a_bad_line_goes_on_and_exits_2(house, tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text('{"name": "Meridian Fiction"}\n{"nome": 1}\n{"name": "Bright Harbour Cloud"}\n')
    out = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("screen", "--batch", str(batch), stdout=out)
    assert refusal.value.returncode == 2
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert ["error" in answer for answer in answers] == [False, True, False]


def test_screen_batch_of_a_missing_file_exits_2(house, tmp_path: Path) -> None:
    assert status_of("screen", "--batch", str(tmp_path / "missing")) == 2
