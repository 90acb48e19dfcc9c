"""Seals follow one another without a gap, heads are signed, and a change anywhere is found."""

import json
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from ledger.models import Counter, Entry, Head, Seal
from ledger.sealing import Sealer, seal_everything
from ledger.services import record
from ledger.verification import verify_ledger


@pytest.fixture(autouse=True)
def _own_witness(settings: object, tmp_path: Path) -> None:
    settings.WRIT_WITNESS = str(tmp_path / "heads.jsonl")  # type: ignore[attr-defined]


def write_rows(number: int) -> None:
    counter, _ = Counter.objects.get_or_create(prefix="TST", year=2026)
    for index in range(number):
        with transaction.atomic():
            record("test.done", counter, facts={"index": index})


def test_sealer_rows_in_several_batches_gives_gapless_seals(transactional_db: None) -> None:
    sealer = Sealer()
    for number in (1, 3, 7):
        write_rows(number)
        assert sealer.seal_pending() is not None
    assert list(Seal.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 12))
    assert sealer.seal_pending() is None


def test_sealer_restarted_continues_the_same_tree(transactional_db: None) -> None:
    write_rows(5)
    Sealer().seal_pending()
    write_rows(6)
    Sealer().seal_pending()
    report = verify_ledger()
    assert (report.rows, report.heads, report.witnessed, report.faults) == (11, 2, 2, [])


def test_row_that_names_a_day_to_come_does_not_hide_those_of_today(transactional_db: None) -> None:
    Entry.objects.create(act="test.done", subject_kind="counter", subject_id="1", at=Now() + timedelta(days=9_000))
    sealer = Sealer()
    assert sealer.seal_pending() is not None
    write_rows(3)
    assert sealer.seal_pending() is not None
    assert Seal.objects.count() == 4


def test_seal_with_a_gap_is_refused(transactional_db: None) -> None:
    write_rows(2)
    entry = Entry.objects.order_by("at").first()
    with pytest.raises(IntegrityError):
        Seal.objects.create(seq=2, entry=entry, leaf_hash="0" * 64, link_hash="0" * 64)


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE ledger_entry SET act = 'forged' WHERE facts @> '{\"index\": 1}'", "not the row that was sealed"),
        ("UPDATE ledger_entry SET facts = '{\"index\": 9}' WHERE facts @> '{\"index\": 1}'", "not the row"),
        ("DELETE FROM ledger_seal WHERE seq = 2", "missing"),
        ("DELETE FROM ledger_seal WHERE seq = 3", "rows that are gone"),
        ("UPDATE ledger_head SET signature = repeat('0', 128)", "signature"),
        ("DELETE FROM ledger_head", "witness"),
        ("DELETE FROM ledger_head", "The last seal is number 3, but the last head covers 0 rows."),
    ],
)
def test_ledger_tampered_with_is_found(
    transactional_db: None, owner_connection: psycopg.Connection, tampering: str, fault: str
) -> None:
    write_rows(3)
    seal_everything()
    assert verify_ledger().is_whole
    for table in ("ledger_entry", "ledger_seal", "ledger_head"):
        owner_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    owner_connection.execute(tampering)
    owner_connection.commit()
    faults = verify_ledger().faults
    assert any(fault in found for found in faults), faults


def test_head_is_told_to_the_witness(transactional_db: None, tmp_path: Path) -> None:
    write_rows(1)
    seal_everything()
    lines = (tmp_path / "heads.jsonl").read_text().splitlines()
    assert [json.loads(line)["head"]["size"] for line in lines] == [Head.objects.get().size]


def test_last_head_removed_is_found_without_a_witness(
    transactional_db: None, owner_connection: psycopg.Connection, settings: object
) -> None:
    settings.WRIT_WITNESS = ""  # type: ignore[attr-defined]
    write_rows(2)
    seal_everything()
    write_rows(1)
    seal_everything()
    assert verify_ledger().is_whole
    owner_connection.execute("ALTER TABLE ledger_head DISABLE TRIGGER USER")
    owner_connection.execute("DELETE FROM ledger_head WHERE size = 3")
    owner_connection.commit()
    assert verify_ledger().faults == ["The last seal is number 3, but the last head covers 2 rows."]


@pytest.mark.parametrize(("seconds", "late"), [(30, 0), (90, 1)])
def test_row_left_unsealed_is_late_after_a_minute(transactional_db: None, seconds: int, late: int) -> None:
    write_rows(1)
    seal_everything()
    Entry.objects.create(act="test.done", subject_kind="counter", subject_id="1", at=Now() - timedelta(seconds=seconds))
    report = verify_ledger()
    assert (report.unsealed, report.late, report.is_whole) == (1, late, late == 0)
    assert report.faults == []  # nobody changed what is sealed


def test_witness_emptied_is_a_fault_once_there_are_heads(transactional_db: None, tmp_path: Path) -> None:
    write_rows(1)
    seal_everything()
    (tmp_path / "heads.jsonl").write_text("")
    assert verify_ledger().faults == ["The witness is configured, but its file is empty: it was told of no head."]


def test_witness_gone_is_a_fault_once_there_are_heads(transactional_db: None, tmp_path: Path) -> None:
    assert verify_ledger().is_whole
    write_rows(1)
    seal_everything()
    (tmp_path / "heads.jsonl").unlink()
    report = verify_ledger()
    assert not report.has_witness
    assert report.faults == ["The witness is configured, but its file is gone or cannot be read."]


@pytest.mark.parametrize(
    "line", [b'{"head": {"size"', b"\xff\xfe", b"", b"[]", b'{"head": 1}', b'{"head": {"size": []}, "signature": 1}']
)
def test_witness_line_that_cannot_be_read_is_a_fault(transactional_db: None, tmp_path: Path, line: bytes) -> None:
    write_rows(1)
    seal_everything()
    with (tmp_path / "heads.jsonl").open("ab") as file:
        file.write(line + b"\n")
    assert verify_ledger().faults == ["Line 2 of the witness cannot be read."]
