"""Signed requests: how a host proves that it is the one that speaks, and that it speaks now.

Signed with the host's own Ed25519 key over method, path, host, nonce, sequence and the body's digest, a line
each. The sequence rises strictly for each host, so a request that was overheard cannot be sent again.
"""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from gpu_runtime.protocol.canonical import bytes_of_base64, sha256_hex
from gpu_runtime.protocol.warrant import NONCE

HOST_HEADER = "Writ-Host"
NONCE_HEADER = "Writ-Nonce"
SEQUENCE_HEADER = "Writ-Sequence"
SIGNATURE_HEADER = "Writ-Signature"

_HOST = re.compile(r"[0-9a-f-]{0,36}")
_SEQUENCE = re.compile(r"[1-9][0-9]{0,18}")


class RequestRefusal(StrEnum):
    """Why a signed request is refused."""

    MALFORMED_HEADERS = "malformed_headers"
    OLD_SEQUENCE = "old_sequence"
    BAD_SIGNATURE = "bad_signature"


class RequestRefused(Exception):
    """A request does not come from the host it names, or came before."""

    def __init__(self, code: RequestRefusal, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    """What the headers of a request claim; nothing is proven until `verify_request` has passed it."""

    host_id: str
    nonce: str
    sequence: int
    signature: bytes


def new_nonce() -> str:
    """32 hexadecimal digits from the system's random source."""
    return secrets.token_hex(16)


def request_bytes(method: str, path: str, host_id: str, nonce: str, sequence: int, body: bytes) -> bytes:
    """The text that a host signs for one request. `host_id` is empty when the host enrols."""
    lines = (method.upper(), path, host_id, nonce, str(sequence), sha256_hex(body))
    return "\n".join(lines).encode("utf-8")


def sign_request(
    key: SigningKey,
    *,
    method: str,
    path: str,
    host_id: str,
    sequence: int,
    body: bytes,
    nonce: str | None = None,
) -> dict[str, str]:
    """The four headers that sign one request.

    Args:
        path: as it stands in the request line, without host and query.
        sequence: higher than any that this host sent before.
        nonce: 32 hexadecimal digits; a fresh one when absent.
    """
    nonce = nonce or new_nonce()
    signature = key.sign(request_bytes(method, path, host_id, nonce, sequence, body)).signature
    return {
        HOST_HEADER: host_id,
        NONCE_HEADER: nonce,
        SEQUENCE_HEADER: str(sequence),
        SIGNATURE_HEADER: base64.b64encode(signature).decode("ascii"),
    }


def read_signed_headers(headers: Mapping[str, str]) -> SignedHeaders:
    """Read the four headers, so that the host's key and last sequence can be looked up.

    Raises:
        RequestRefused: if one is missing or not in its form.
    """
    host_id, nonce = headers.get(HOST_HEADER, ""), headers.get(NONCE_HEADER, "")
    sequence, signature = headers.get(SEQUENCE_HEADER, ""), headers.get(SIGNATURE_HEADER, "")
    if not (_HOST.fullmatch(host_id) and NONCE.fullmatch(nonce) and _SEQUENCE.fullmatch(sequence)):
        raise RequestRefused(RequestRefusal.MALFORMED_HEADERS, "a Writ header is missing or not in its form")
    try:
        raw = bytes_of_base64(signature)
    except ValueError as error:
        raise RequestRefused(RequestRefusal.MALFORMED_HEADERS, "the signature is not base64") from error
    return SignedHeaders(host_id, nonce, int(sequence), raw)


def verify_request(
    *,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    public_key: VerifyKey,
    last_sequence: int,
) -> SignedHeaders:
    """Check that the holder of `public_key` sent exactly this request, and sent it after its last one.

    The caller stores the returned sequence under the host's row lock, or a doubled request passes twice.

    Args:
        headers: a mapping that finds names as they are spelt here (Django's `request.headers` does).
        last_sequence: the highest sequence already taken from this host, 0 for none.

    Raises:
        RequestRefused: with the first thing that does not fit.
    """
    signed = read_signed_headers(headers)
    text = request_bytes(method, path, signed.host_id, signed.nonce, signed.sequence, body)
    try:
        public_key.verify(text, signed.signature)
    except (BadSignatureError, ValueError) as error:
        raise RequestRefused(RequestRefusal.BAD_SIGNATURE, "the signature is not this host's") from error
    if signed.sequence <= last_sequence:
        raise RequestRefused(
            RequestRefusal.OLD_SEQUENCE,
            f"sequence {signed.sequence} is not above {last_sequence}, the last one taken",
        )
    return signed
