"""Strict parsing: what is not exactly the message is not a message."""

import json
from typing import Any

import pytest

from gpu_runtime.protocol import MessageMalformed, as_json, decode_json, parse, parse_json
from gpu_runtime.protocol.messages import (
    AttemptPlace,
    ClaimRequest,
    EndRequest,
    MetricsRequest,
    PollAnswer,
    RenewRequest,
    Resume,
)

NONCE = "0" * 32
ITEM = {"attempt_id": "a", "fencing_token": 1, "nonce": NONCE, "processes": 0}
PLACE = {
    "attempt_id": "a",
    "job_ref": "JOB-2026-00001",
    "number": 1,
    "fencing_token": 1,
    "rank": 0,
    "world_size": 1,
    "rendezvous": None,
    "resume": {"step": 3, "name": "step_00000003", "manifest_sha256": "00"},
    "checkpoint_name": "job",
    "start": True,
}


def test_message_written_and_read_back_is_the_same() -> None:
    place = parse(AttemptPlace, PLACE)
    assert place.resume == Resume(3, "step_00000003", "00")
    assert parse_json(AttemptPlace, json.dumps(as_json(place)).encode()) == place


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"fencing_token": True}, "fencing_token"),
        ({"fencing_token": "1"}, "fencing_token"),
        ({"fencing_token": 1.0}, "fencing_token"),
        ({"fencing_token": None}, "fencing_token"),
        ({"attempt_id": 1}, "attempt_id"),
        ({"surplus": 1}, "surplus"),
        ({"nonce": "0" * 31}, "nonce"),
        ({"nonce": "G" * 32}, "nonce"),
        ({"nonce": "0" * 32 + "\n"}, "nonce"),
    ],
)
def test_message_with_one_wrong_field_is_refused_by_its_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises(MessageMalformed, match=named):
        parse(RenewRequest, {"attempts": [{**ITEM, **change}]})


@pytest.mark.parametrize("name", list(ITEM))
def test_message_without_a_field_is_refused(name: str) -> None:
    with pytest.raises(MessageMalformed, match=name):
        parse(RenewRequest, {"attempts": [{field: value for field, value in ITEM.items() if field != name}]})


@pytest.mark.parametrize("value", [None, [], "text", 1, {"attempts": {}}, {"attempts": [[]]}])
def test_message_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(MessageMalformed):
        parse(RenewRequest, value)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1e999}', b'{"a":-1e999}',
        b"[" * 100_000, b"1" * 5_000, b'{"a":-' + b"1" * 5_000 + b"}",
    ],
)  # fmt: skip
def test_text_that_is_not_plain_json_is_refused(body: bytes) -> None:
    with pytest.raises(MessageMalformed):
        decode_json(body)


def test_literal_outside_its_words_is_refused() -> None:
    hints = dict.fromkeys(EndRequest.__dataclass_fields__)
    end = {**hints, "attempt_id": "a", "fencing_token": 1, "message": "", "log_tail": "", "devices_clear": True}
    assert parse(EndRequest, {**end, "outcome": "drained"}).outcome == "drained"
    for outcome in ("", "done", None, 1, ["drained"]):
        with pytest.raises(MessageMalformed, match="outcome"):
            parse(EndRequest, {**end, "outcome": outcome})


def test_list_above_its_limit_is_refused() -> None:
    with pytest.raises(MessageMalformed, match="more than"):
        parse(PollAnswer, {"bells": ["a"] * 10_001})


def test_metrics_keep_their_free_fields() -> None:
    metrics = [{"step": 1, "loss": 2.5}]
    message = {"attempt_id": "a", "fencing_token": 1, "metrics": metrics, "log": {"offset": 0, "text": ""}}
    assert parse(MetricsRequest, message).metrics == ({"step": 1, "loss": 2.5},)


def test_claim_with_a_proper_nonce_is_read() -> None:
    assert parse(ClaimRequest, {"attempt_id": "a", "nonce": NONCE}).nonce == NONCE
