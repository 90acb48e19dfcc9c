"""The warrant: any bit flipped, any name changed, any other key, and it permits nothing."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_runtime.protocol import (
    Envelope,
    MessageMalformed,
    Refusal,
    RestsOn,
    WarrantDocument,
    WarrantRefused,
    as_json,
    canonical_json,
    generate_key,
    sign_warrant,
    verify_warrant,
)
from tests.unit.gpu_runtime.papers import EXPECTED, FIELDS, KEY, KEY_ID, PINNED, warrant


def _refusal(envelope: object, **expected: Any) -> Refusal:
    with pytest.raises(WarrantRefused) as refused:
        verify_warrant(envelope, PINNED, **{**EXPECTED, **expected})
    return refused.value.code


def test_warrant_that_fits_is_taken_also_after_travel() -> None:
    rests_on = (RestsOn("licence", "LIC-2026-00001", 4), RestsOn("filing", "FIL-2026-00001", "v2"))
    envelope = warrant(rests_on=rests_on)
    assert verify_warrant(envelope, PINNED, **EXPECTED).rests_on == rests_on
    travelled = json.loads(json.dumps(as_json(envelope)))
    assert verify_warrant(travelled, PINNED, **EXPECTED).ttl_ms == 20_000


@pytest.mark.parametrize(
    ("name", "other", "code"),
    [
        ("host_id", "host-2", Refusal.WRONG_HOST),
        ("attempt_id", "attempt-2", Refusal.WRONG_ATTEMPT),
        ("fencing_token", 8, Refusal.WRONG_TOKEN),
        ("fencing_token", 6, Refusal.WRONG_TOKEN),
        ("spec_sha256", "f" * 64, Refusal.WRONG_SPEC),
        ("device_uuids", ("D1",), Refusal.WRONG_DEVICES),
        ("device_uuids", ("D1", "D2", "D3"), Refusal.WRONG_DEVICES),
        ("nonce", "b" * 32, Refusal.WRONG_NONCE),
    ],
)
def test_warrant_that_names_another_is_refused(name: str, other: object, code: Refusal) -> None:
    assert _refusal(warrant(), **{name: other}) == code
    assert _refusal(warrant(**{name: other})) == code


def test_warrant_whose_signature_is_written_in_another_way_is_refused() -> None:
    envelope = as_json(warrant())
    body, last = envelope["signature"][:-3], envelope["signature"][-3]
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = f"{body}{digits[digits.index(last) + 1]}=="
    assert base64.b64decode(twin) == base64.b64decode(envelope["signature"])
    assert _refusal({**envelope, "signature": twin}) == Refusal.MALFORMED


@given(st.data())
def test_warrant_with_any_bit_of_its_text_flipped_is_refused(data: st.DataObject) -> None:
    text = bytearray(canonical_json(as_json(warrant(rests_on=(RestsOn("filing", "F", 1),)))))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        altered = json.loads(text)
    except ValueError:
        return
    assert _refusal(altered) in set(Refusal)


@pytest.mark.parametrize("name", list(WarrantDocument.__dataclass_fields__))
def test_warrant_with_a_field_taken_out_or_altered_is_refused(name: str) -> None:
    envelope = warrant()
    without = {field: value for field, value in envelope.document.items() if field != name}
    assert _refusal(replace(envelope, document=without)) == Refusal.BAD_SIGNATURE
    altered = {**envelope.document, name: "altered"}
    assert _refusal(replace(envelope, document=altered)) == Refusal.BAD_SIGNATURE


def test_warrant_with_a_field_added_is_refused() -> None:
    envelope = warrant()
    assert _refusal(replace(envelope, document={**envelope.document, "algorithm": "none"})) == Refusal.BAD_SIGNATURE


def test_warrant_signed_with_fields_that_no_warrant_has_is_refused() -> None:
    document = {**as_json(WarrantDocument(**FIELDS)), "also": "this"}
    signature = base64.b64encode(KEY.sign(canonical_json(document)).signature).decode()
    assert _refusal(Envelope(document, KEY_ID, signature)) == Refusal.MALFORMED


def test_warrant_signed_by_another_key_under_the_same_name_is_refused() -> None:
    assert _refusal(sign_warrant(WarrantDocument(**FIELDS), generate_key())) == Refusal.BAD_SIGNATURE


def test_warrant_of_a_key_that_is_not_pinned_is_refused() -> None:
    assert _refusal(replace(warrant(), key_id="other")) == Refusal.UNKNOWN_KEY
    assert _refusal(warrant(key_id="other")) == Refusal.UNKNOWN_KEY


def test_warrant_whose_document_names_another_key_than_its_envelope_is_refused() -> None:
    assert _refusal(replace(warrant(key_id="other"), key_id=KEY_ID)) == Refusal.UNKNOWN_KEY


@pytest.mark.parametrize(
    "envelope",
    [None, {}, [], "text", {"document": {}, "key_id": KEY_ID}, {"document": [], "key_id": KEY_ID, "signature": ""}],
)
def test_envelope_of_another_shape_is_refused(envelope: object) -> None:
    assert _refusal(envelope) == Refusal.MALFORMED


@pytest.mark.parametrize("signature", ["", "AAAA", "!!", base64.b64encode(b"\0" * 64).decode()])
def test_envelope_with_no_proper_signature_is_refused(signature: str) -> None:
    assert _refusal(replace(warrant(), signature=signature)) in {Refusal.BAD_SIGNATURE, Refusal.MALFORMED}


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"device_uuids": ()},
        {"device_uuids": ("D2", "D1")},
        {"device_uuids": ("D1", "D1")},
        {"ttl_ms": 0},
        {"fencing_token": 0},
        {"nonce": "short"},
        {"spec_sha256": "short"},
        {"kind": "drain"},
        {"kind": "drain", "window_ms": -1},
        {"window_ms": 5},
    ],
)
def test_document_that_makes_no_sense_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(MessageMalformed):
        WarrantDocument(**{**FIELDS, **changes})
