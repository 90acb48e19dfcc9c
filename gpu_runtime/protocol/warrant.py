"""The warrant: the short-lived signed permit without which a guard runs nothing.

A document in canonical JSON, signed with Ed25519 by the warrant key that `key_id` names. The format offers
no choice of algorithm. A warrant answers one nonce of one guard, so it can be used neither twice nor
elsewhere; its time runs from the moment at which the guard made that nonce.
"""

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from gpu_runtime.protocol.canonical import bytes_of_base64, canonical_json
from gpu_runtime.protocol.parsing import MessageMalformed, as_json, parse

VERSION = 1
NONCE = re.compile(r"[0-9a-f]{32}")
DIGEST = re.compile(r"[0-9a-f]{64}")


class Refusal(StrEnum):
    """Why a guard refuses a warrant."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    WRONG_ATTEMPT = "wrong_attempt"
    WRONG_TOKEN = "wrong_token"  # noqa: S105 - the name of a reason
    WRONG_SPEC = "wrong_spec"
    WRONG_HOST = "wrong_host"
    WRONG_DEVICES = "wrong_devices"
    WRONG_NONCE = "wrong_nonce"
    EXPIRED = "expired"


class WarrantRefused(Exception):
    """A warrant permits nothing here. `code` is stable, `message` says what did not fit."""

    def __init__(self, code: Refusal, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class RestsOn:
    """One link that the warrant rests on, with the version that was current when it was signed."""

    kind: str
    ref: str
    version: int | str


@dataclass(frozen=True, slots=True)
class WarrantDocument:
    """What is signed. `window_ms` stands in a drain warrant alone: the time left for the checkpoint."""

    kind: Literal["run", "drain"]
    key_id: str
    attempt_id: str
    fencing_token: int
    spec_sha256: str
    host_id: str
    device_uuids: tuple[str, ...]
    rests_on: tuple[RestsOn, ...]
    ttl_ms: int
    window_ms: int | None
    nonce: str
    issued_at: str
    v: int = VERSION

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise MessageMalformed(f"WarrantDocument: {problem}")

    def _problems(self) -> list[str]:
        checks = {
            f"version {self.v} is not {VERSION}": self.v == VERSION,
            "device_uuids is empty, unsorted or repeats": list(self.device_uuids) == sorted(set(self.device_uuids))
            and bool(self.device_uuids),
            "ttl_ms is not above 0": self.ttl_ms > 0,
            "fencing_token is not above 0": self.fencing_token > 0,
            "nonce is not 32 hexadecimal digits": bool(NONCE.fullmatch(self.nonce)),
            "spec_sha256 is not 64 hexadecimal digits": bool(DIGEST.fullmatch(self.spec_sha256)),
            "window_ms stands in a drain warrant, and only there": (self.kind == "drain")
            == (self.window_ms is not None),
            "window_ms is below 0": self.window_ms is None or self.window_ms >= 0,
        }
        return [problem for problem, holds in checks.items() if not holds]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A warrant as it travels: the document as signed, the name of the key, the signature in base64."""

    document: dict[str, Any]
    key_id: str
    signature: str


def sign_warrant(document: WarrantDocument, key: SigningKey) -> Envelope:
    """Sign a warrant with the warrant key that its `key_id` names.

    Raises:
        NotCanonical: if a value has no canonical form.
    """
    plain = as_json(document)
    signature = key.sign(canonical_json(plain)).signature
    return Envelope(plain, document.key_id, base64.b64encode(signature).decode("ascii"))


def verify_warrant(
    envelope: object,
    pinned_keys: Mapping[str, VerifyKey],
    *,
    host_id: str,
    attempt_id: str,
    fencing_token: int,
    spec_sha256: str,
    device_uuids: Collection[str],
    nonce: str,
) -> WarrantDocument:
    """Check that a warrant is signed by a pinned key and permits exactly this.

    Args:
        envelope: an `Envelope`, or the decoded JSON of one.
        pinned_keys: warrant keys by `key_id`, as the host learnt them when it enrolled.
        nonce: the guard's own, made for the request that this warrant answers.

    Returns:
        The document; whether it is a run or a drain warrant is for the caller to look at. Time is too: it
        counts from the moment the nonce was made, which only the caller knows.

    Raises:
        WarrantRefused: with the first thing that does not fit.
    """
    document = _verified_document(envelope, pinned_keys)
    expected: tuple[tuple[Refusal, object, object], ...] = (
        (Refusal.WRONG_HOST, document.host_id, host_id),
        (Refusal.WRONG_ATTEMPT, document.attempt_id, attempt_id),
        (Refusal.WRONG_TOKEN, document.fencing_token, fencing_token),
        (Refusal.WRONG_SPEC, document.spec_sha256, spec_sha256),
        (Refusal.WRONG_DEVICES, sorted(document.device_uuids), sorted(device_uuids)),
        (Refusal.WRONG_NONCE, document.nonce, nonce),
    )
    for code, named, ours in expected:
        if named != ours:
            raise WarrantRefused(code, f"the warrant names {named!r}, here it is {ours!r}")
    return document


def _verified_document(envelope: object, pinned_keys: Mapping[str, VerifyKey]) -> WarrantDocument:
    try:
        sealed = envelope if isinstance(envelope, Envelope) else parse(Envelope, envelope)
        signed = canonical_json(sealed.document)
        signature = bytes_of_base64(sealed.signature)
    except (MessageMalformed, ValueError) as error:
        raise WarrantRefused(Refusal.MALFORMED, str(error)) from error
    key = pinned_keys.get(sealed.key_id)
    if key is None:
        raise WarrantRefused(Refusal.UNKNOWN_KEY, f"no pinned warrant key is named {sealed.key_id!r}")
    try:
        key.verify(signed, signature)
        document = parse(WarrantDocument, _lists(sealed.document))
    except MessageMalformed as error:
        raise WarrantRefused(Refusal.MALFORMED, str(error)) from error
    except (BadSignatureError, ValueError) as error:
        raise WarrantRefused(Refusal.BAD_SIGNATURE, "the signature is not the warrant key's") from error
    if document.key_id != sealed.key_id:
        raise WarrantRefused(Refusal.UNKNOWN_KEY, "the document names another key than the envelope")
    return document


def _lists(document: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in document.items()}
