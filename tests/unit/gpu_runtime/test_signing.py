"""Signed requests: any change, any other key, any request sent twice is refused."""

from typing import Any

import pytest

from gpu_runtime.protocol import RequestRefused, generate_key, sign_request, verify_request

KEY = generate_key()
HOST = "0193aaaa-0000-7000-8000-000000000001"
REQUEST: dict[str, Any] = {"method": "POST", "path": "/host/v1/renew", "body": b'{"attempts":[]}'}


def _headers(**changes: Any) -> dict[str, str]:
    return sign_request(KEY, **{**REQUEST, "host_id": HOST, "sequence": 10, **changes})


def _verify(headers: dict[str, str], *, last: int = 9, **changes: Any) -> int:
    request = {**REQUEST, **changes}
    return verify_request(**request, headers=headers, public_key=KEY.verify_key, last_sequence=last).sequence


def test_request_signed_by_its_host_passes() -> None:
    assert _verify(_headers()) == 10
    assert _verify(_headers(host_id="")) == 10


@pytest.mark.parametrize("last", [10, 11, 2**62])
def test_request_sent_again_is_refused(last: int) -> None:
    with pytest.raises(RequestRefused, match="old_sequence"):
        _verify(_headers(), last=last)


@pytest.mark.parametrize(
    "change", [{"method": "GET"}, {"path": "/host/v1/end"}, {"body": b'{"attempts":[1]}'}, {"body": b""}]
)
def test_request_altered_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused, match="bad_signature"):
        _verify(_headers(), **change)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Writ-Host", "0193aaaa-0000-7000-8000-000000000002", "bad_signature"),
        ("Writ-Host", "x\ny", "malformed_headers"),
        ("Writ-Nonce", "0" * 32, "bad_signature"),
        ("Writ-Nonce", "short", "malformed_headers"),
        ("Writ-Sequence", "11", "bad_signature"),
        ("Writ-Sequence", "0", "malformed_headers"),
        ("Writ-Sequence", "-1", "malformed_headers"),
        ("Writ-Sequence", "1e3", "malformed_headers"),
        ("Writ-Signature", "AAAA", "bad_signature"),
        ("Writ-Signature", "!", "malformed_headers"),
        ("Writ-Signature", "", "bad_signature"),
    ],
)
def test_request_with_one_header_changed_is_refused(name: str, value: str, code: str) -> None:
    with pytest.raises(RequestRefused, match=code):
        _verify({**_headers(), name: value})


@pytest.mark.parametrize("name", ["Writ-Nonce", "Writ-Sequence", "Writ-Signature"])
def test_request_without_a_header_is_refused(name: str) -> None:
    headers = _headers()
    del headers[name]
    with pytest.raises(RequestRefused):
        _verify(headers)


def test_request_signed_by_another_host_is_refused() -> None:
    headers = sign_request(generate_key(), **REQUEST, host_id=HOST, sequence=10)
    with pytest.raises(RequestRefused, match="bad_signature"):
        _verify(headers)
