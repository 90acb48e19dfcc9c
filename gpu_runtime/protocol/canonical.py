"""Canonical JSON: one text, and so one digest, for one value.

Source: RFC 8785 (JSON Canonicalization Scheme). Narrower than it: no floating-point numbers, so that no
signed document depends on how a number is printed.
"""

import base64
import hashlib

import rfc8785


class NotCanonical(ValueError):
    """The value cannot stand in a signed document."""


def canonical_json(value: object) -> bytes:
    """Write a JSON value in its one canonical form.

    Args:
        value: None, bool, int (within 2^53), str, list, tuple or dict with str keys, nested.

    Returns:
        UTF-8 bytes, keys sorted, no white space.

    Raises:
        NotCanonical: for a float, an integer beyond 2^53, a lone surrogate or another Python type.
    """
    _refuse_floats(value)
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except rfc8785.CanonicalizationError as error:
        raise NotCanonical(f"not a canonical JSON value: {error}") from error


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise NotCanonical("a signed document holds no floating-point number; write it as a string")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


def bytes_of_base64(text: str) -> bytes:
    """Read base64 that is written in the one way that its bytes are written in.

    The last digit carries bits that decoding drops: without this, a signature would have several texts.

    Raises:
        ValueError: if the text is not base64, or not the canonical text of its bytes.
    """
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode("ascii") != text:
        raise ValueError("not the canonical base64 of its bytes")
    return raw


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def spec_digest(spec: object) -> str:
    """Digest of a job spec: SHA-256 of its canonical form. It ties a warrant to exactly this job.

    Raises:
        NotCanonical: if the spec holds a float or another value without a canonical form.
    """
    return sha256_hex(canonical_json(spec))
