"""Chapter 10: the ledger verified, and one job's GPU time proven to somebody who trusts nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from allocation.evidence.services import Release, export_evidence
from allocation.jobs.models import Job
from config.demo import people
from config.demo.narrator import Narrator
from config.embedded.state import private_folder, state_folder
from ledger.keys import public_key_hex
from ledger.offline import verify as program
from ledger.sealing import seal_everything
from ledger.verification import verify_ledger


def prove(say: Narrator, job: Job) -> Path:
    """Verify the ledger, write the pack, verify it offline, and see every kind of tampering fail."""
    say.step(10, "The ledger is sealed and verified; an evidence pack proves the GPU time offline")
    seal_everything()
    report = verify_ledger()
    say.expect(f"{report.rows} rows, {report.heads} signed heads, {report.witnessed} witnessed: whole", report.is_whole)
    release = Release(recipient="A fictional authority", legal_basis="Demonstration")
    pack = export_evidence(actor=people.actor("audrey"), job=job, release=release)
    path = private_folder(state_folder() / "evidence") / f"{job.reference}.evidence.json"
    path.write_bytes(pack)
    document = json.loads(pack)["document"]
    say.tell(f"{path}: {document['row_count']} rows, {document['statement']['gpu_ms'] / 3_600_000:.4f} GPU-hours")
    say.expect(
        "the offline program accepts it: " + _run(path, public_key_hex())[1], _run(path, public_key_hex())[0] == 0
    )
    tamper(say, path, pack)
    return path


def tamper(say: Narrator, path: Path, pack: bytes) -> None:
    """A flipped byte, a dropped row, another key: each must fail."""
    altered = path.with_suffix(".altered")
    flipped = bytearray(pack)
    flipped[len(pack) // 2] ^= 1
    altered.write_bytes(bytes(flipped))
    say.expect("one byte flipped: refused", _run(altered, public_key_hex())[0] == 1)
    altered.write_bytes(_without_a_row(pack))
    say.expect("one row dropped: refused", _run(altered, public_key_hex())[0] == 1)
    altered.unlink()
    other = bytes(SigningKey.generate().verify_key).hex()
    say.expect("another key: refused", _run(path, other)[0] == 1)


def _without_a_row(pack: bytes) -> bytes:
    envelope: dict[str, Any] = json.loads(pack)
    envelope["document"]["rows"].pop()
    return program.canonical(envelope)


def _run(path: Path, key: str) -> tuple[int, str]:
    """The verifier as a stranger runs it: isolated from Writ, with nothing in its environment."""
    argv = [sys.executable, "-I", program.__file__, str(path), "--public-key", key]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/", env={})
    return done.returncode, done.stdout.strip()
