"""Warrants for tests: a key, a document, what a guard expects."""

from typing import Any

from gpu_runtime.protocol import Envelope, WarrantDocument, generate_key, key_id_of, sign_warrant, spec_digest

KEY = generate_key()
KEY_ID = key_id_of(KEY.verify_key)
PINNED = {KEY_ID: KEY.verify_key}
NONCE = "a" * 32
SPEC = {"steps": 3}

FIELDS: dict[str, Any] = {
    "kind": "run",
    "key_id": KEY_ID,
    "attempt_id": "attempt-1",
    "fencing_token": 7,
    "spec_sha256": spec_digest(SPEC),
    "host_id": "host-1",
    "device_uuids": ("D1", "D2"),
    "rests_on": (),
    "ttl_ms": 20_000,
    "window_ms": None,
    "nonce": NONCE,
    "issued_at": "2026-01-01T00:00:00+00:00",
}

EXPECTED: dict[str, Any] = {
    name: FIELDS[name] for name in ("host_id", "attempt_id", "fencing_token", "spec_sha256", "device_uuids", "nonce")
}


def warrant(**changes: Any) -> Envelope:
    """A signed warrant with any field changed before signing."""
    return sign_warrant(WarrantDocument(**{**FIELDS, **changes}), KEY)
