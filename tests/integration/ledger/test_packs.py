"""An evidence pack verifies with the offline program alone, and not once anything in it is touched."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
import rfc8785
from django.db import transaction
from nacl.signing import SigningKey

from ledger.keys import public_key_hex, signing_key
from ledger.models import Counter
from ledger.offline import verify as offline
from ledger.packs import make_pack
from ledger.services import record


@pytest.fixture
def pack(transactional_db: None, settings: object, tmp_path: Path) -> bytes:
    settings.WRIT_WITNESS = str(tmp_path / "heads.jsonl")  # type: ignore[attr-defined]
    mine = Counter.objects.create(prefix="TST", year=2026)
    other = Counter.objects.create(prefix="OTH", year=2026)
    for index in range(9):
        with transaction.atomic():
            record("test.done", mine if index % 2 else other, facts={"index": index, "text": "北京 – “naïve”\n"})
    return make_pack(subjects={("counter", str(mine.pk))}, statement={"about": "测试"})


def run_offline(pack: Path, key: str) -> subprocess.CompletedProcess[str]:
    program = Path(offline.__file__)
    return subprocess.run(
        [sys.executable, "-I", str(program), str(pack), "--public-key", key],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={},
    )


def test_pack_untouched_verifies_in_a_process_without_writ(pack: bytes, tmp_path: Path) -> None:
    path = tmp_path / "pack.json"
    path.write_bytes(pack)
    done = run_offline(path, public_key_hex())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 rows" in done.stdout


def test_pack_with_another_key_fails(pack: bytes, tmp_path: Path) -> None:
    path = tmp_path / "pack.json"
    path.write_bytes(pack)
    assert run_offline(path, bytes(SigningKey.generate().verify_key).hex()).returncode == 1
    assert run_offline(path, "abc").returncode == 2


def test_pack_with_any_byte_flipped_fails(pack: bytes) -> None:
    key = bytes.fromhex(public_key_hex())
    offline.verify(pack, key)
    dice = random.Random(7)
    for position in [*range(40), *dice.sample(range(len(pack)), 400), len(pack) - 1]:
        for bit in (1, 32):
            touched = bytearray(pack)
            touched[position] ^= bit
            with pytest.raises((offline.NotWhole, ValueError)):
                offline.verify(bytes(touched), key)


def test_pack_with_a_row_dropped_and_signed_by_nobody_fails(pack: bytes) -> None:
    envelope = json.loads(pack)
    del envelope["document"]["rows"][0]
    with pytest.raises(offline.NotWhole):
        offline.verify(rfc8785.dumps(envelope), bytes.fromhex(public_key_hex()))


def test_pack_with_a_row_forged_by_the_key_holder_fails_its_proof(pack: bytes) -> None:
    envelope = json.loads(pack)
    document = envelope["document"]
    document["rows"][0]["entry"]["act"] = "forged"
    envelope["signature"] = signing_key().sign(rfc8785.dumps(document)).signature.hex()
    with pytest.raises(offline.NotWhole, match="not in the sealed ledger"):
        offline.verify(rfc8785.dumps(envelope), bytes.fromhex(public_key_hex()))


def test_pack_with_a_row_dropped_and_signed_anew_fails_its_count(pack: bytes) -> None:
    envelope = json.loads(pack)
    document = envelope["document"]
    del document["rows"][-1]
    envelope["signature"] = signing_key().sign(rfc8785.dumps(document)).signature.hex()
    with pytest.raises(offline.NotWhole, match="missing or were added"):
        offline.verify(rfc8785.dumps(envelope), bytes.fromhex(public_key_hex()))
