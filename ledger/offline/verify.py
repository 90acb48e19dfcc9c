#!/usr/bin/env python3
"""Verify an evidence pack offline: ``python verify.py PACK.json --public-key HEX``.

Needs Python 3.11 and PyNaCl; no database, no Django, nothing of Writ. The public key must come to you by another
way than the pack. Exit status: 0 the pack is whole, 1 it is not, 2 the arguments or the file cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey


class NotWhole(Exception):
    """The pack does not prove what it says; the message says where."""


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of strings, integers, booleans, null, lists and objects with ASCII names."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def verify(pack: bytes, public_key: bytes) -> dict[str, Any]:
    """What the pack says, once all of it has been checked.

    Raises:
        NotWhole: the bytes, a signature, a row or a proof is not what was signed.
    """
    envelope = _parsed(pack)
    document = envelope["document"]
    if envelope["key_id"] != hashlib.sha256(public_key).hexdigest()[:16]:
        raise NotWhole("The pack names another key than the one given.")
    _check_signature(document, envelope["signature"], public_key, "the pack")
    head = document["head"]
    _check_signature(head["document"], head["signature"], public_key, "the head")
    if document["row_count"] != len(document["rows"]):
        raise NotWhole("Rows are missing or were added.")
    for row in document["rows"]:
        _check_row(row, head["document"])
    return dict(document)


def _parsed(pack: bytes) -> dict[str, Any]:
    try:
        envelope = json.loads(pack)
    except ValueError as fault:
        raise NotWhole(f"The file is not JSON ({fault}).") from fault
    if not isinstance(envelope, dict) or set(envelope) != {"document", "key_id", "signature"}:
        raise NotWhole("The file is not an evidence pack.")
    if canonical(envelope) != pack:
        raise NotWhole("The bytes of the file are not the canonical ones.")
    return envelope


def _check_signature(document: Any, signature: str, public_key: bytes, what: str) -> None:
    try:
        raw = bytes.fromhex(signature)
        if raw.hex() != signature:
            raise ValueError("not canonical hex")
        VerifyKey(public_key).verify(canonical(document), raw)
    except (BadSignatureError, ValueError, TypeError) as fault:
        raise NotWhole(f"The signature of {what} is not good.") from fault


def _check_row(row: dict[str, Any], head: dict[str, Any]) -> None:
    leaf = hashlib.sha256(b"\x00" + canonical(row["entry"])).digest()
    path = [bytes.fromhex(sibling) for sibling in row["path"]]
    if _root(leaf, row["seq"] - 1, head["size"], path).hex() != head["root_hash"]:
        raise NotWhole(f"Row {row['seq']} is not in the sealed ledger.")


def _root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to. Source: RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        raise NotWhole("A row's number lies outside the ledger.")
    node, last, here = leaf, size - 1, index
    for sibling in path:
        if last == 0:
            raise NotWhole("A proof is too long.")
        if here % 2 == 1 or here == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while here % 2 == 0 and here != 0:
                here, last = here >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        here, last = here >> 1, last >> 1
    if last != 0:
        raise NotWhole("A proof is too short.")
    return node


def main(argv: list[str] | None = None) -> int:
    """The command; prints what was checked."""
    parser = argparse.ArgumentParser(description="Verify an evidence pack offline.")
    parser.add_argument("pack", type=Path)
    parser.add_argument("--public-key", required=True, help="Ed25519 public key of the ledger, 64 hex digits")
    arguments = parser.parse_args(argv)
    try:
        public_key = bytes.fromhex(arguments.public_key)
        pack = arguments.pack.read_bytes()
    except (ValueError, OSError) as fault:
        print(f"Cannot read the arguments: {fault}", file=sys.stderr)
        return 2
    if len(public_key) != 32:
        print("The public key has 64 hex digits.", file=sys.stderr)
        return 2
    try:
        document = verify(pack, public_key)
    except (NotWhole, KeyError, TypeError, ValueError) as fault:
        print(f"NOT WHOLE: {fault}")
        return 1
    head = document["head"]["document"]
    rows = document["row_count"]
    print(f"WHOLE: {rows} rows, each proven in the ledger of {head['size']} rows signed {head['signed_at']}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
