"""`manage.py determine`: one, many, bad input, and the log."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from ledger.models import Entry
from procurement.determinations.models import AdHocDetermination

pytestmark = pytest.mark.django_db


def determine(*options):
    out = io.StringIO()
    call_command("determine", *options, stdout=out)
    return out.getvalue()


def refused(*options):
    out = io.StringIO()
    with pytest.raises(CommandError) as fault:
        call_command("determine", *options, stdout=out)
    return fault.value, out.getvalue()


def test_command_as_json_prints_one_object_and_logs_it():
    told = json.loads(determine("--chip", "h200-sxm", "--to", "CN", "--end-user-hq", "CN", "--json"))
    assert told["outcomes"][0]["lane"] == "licence_required"
    row = AdHocDetermination.objects.get()
    assert row.outcome == told
    assert row.account
    assert Entry.objects.filter(act="determination.ad_hoc", subject_id=str(row.pk)).exists()


def test_command_in_words_names_lane_reasons_and_certifications():
    text = determine("--chip", "h200-sxm", "--to", "CN", "--end-user-hq", "CN", "--on", "2026-11-22")
    assert "us_ear: licence required (case by case)" in text
    assert "certify C7" in text
    assert "91 FR 1684" in text


@pytest.mark.parametrize(
    "options",
    [
        ("--chip", "H200", "--to", "CN"),
        ("--chip", "h200-sxm"),
        ("--chip", "h200-sxm", "--to", "CN", "--on", "soon"),
        ("--batch", "/nowhere/at/all.csv"),
        ("--batch", "-", "--chip", "h20"),
        ("--chip", "h200-sxm", "--to", "CN", "--purpose", " "),
    ],
)
def test_command_with_bad_input_exits_2(options):
    fault, _out = refused(*options)
    assert fault.returncode == 2


def test_command_of_a_batch_with_a_bad_line_answers_the_others_and_exits_2(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("chip,to,end_user_hq\nh200-sxm,CN,CN\nno-such-chip,CN,CN\nt4,DE,DE\n", encoding="utf-8")
    fault, out = refused("--batch", str(path))
    lines = [json.loads(line) for line in out.splitlines()]
    assert fault.returncode == 2
    assert [line.get("chip") for line in lines] == ["h200-sxm", None, "t4"]
    assert lines[1]["line"] == 3
    assert AdHocDetermination.objects.count() == 2


def test_command_of_a_batch_of_json_lines_answers_each(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_text('{"chip": "h20", "to": "DE", "on": "2026-11-22"}\n' * 3, encoding="utf-8")
    assert len(determine("--batch", str(path)).splitlines()) == 3


def test_command_of_a_batch_that_is_no_text_exits_2(tmp_path):
    path = tmp_path / "many.csv"
    path.write_bytes(b"chip,to\n\xff\xfe,CN\n")
    fault, _out = refused("--batch", str(path))
    assert fault.returncode == 2


def test_unusual_volume_of_a_day_is_put_on_record_once(tmp_path):
    path = tmp_path / "many.jsonl"
    path.write_text('{"chip": "t4", "to": "DE"}\n' * 49, encoding="utf-8")
    determine("--batch", str(path))
    assert not Entry.objects.filter(act="determination.unusual_volume").exists()
    for _ in range(2):
        determine("--chip", "t4", "--to", "DE")
    assert Entry.objects.filter(act="determination.unusual_volume").count() == 1
