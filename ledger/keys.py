"""The ledger's signing key: Ed25519, made once, kept in a 0600 file outside the database."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from django.conf import settings
from nacl.encoding import HexEncoder
from nacl.signing import SigningKey


def key_id(public_key: bytes) -> str:
    """The name of a public key: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


@cache
def _load(path: Path) -> SigningKey:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return SigningKey(path.read_bytes().strip(), encoder=HexEncoder)
    key = SigningKey.generate()
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.encode(encoder=HexEncoder))
    return key


def signing_key() -> SigningKey:
    """The key that signs heads and evidence packs."""
    return _load(Path(settings.WRIT_KEYS) / "ledger.key")


def public_key_hex() -> str:
    """The public key in hex: what an auditor is given, by another way than the pack."""
    return bytes(signing_key().verify_key).hex()
