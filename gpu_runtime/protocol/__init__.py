"""The protocol between control plane, host agent and guard: pure, shared by both sides.

Standard library, PyNaCl and rfc8785 alone. See `warrant` for the permit, `signing` for requests, `messages`
for what travels.
"""

from gpu_runtime.protocol.canonical import NotCanonical, canonical_json, sha256_hex, spec_digest
from gpu_runtime.protocol.keys import (
    KeyUnusable,
    generate_key,
    key_id_of,
    load_key,
    load_or_create_key,
    parse_public_key,
    public_key_text,
    save_key,
)
from gpu_runtime.protocol.parsing import MessageMalformed, as_json, decode_json, parse, parse_json
from gpu_runtime.protocol.signing import (
    RequestRefusal,
    RequestRefused,
    SignedHeaders,
    new_nonce,
    read_signed_headers,
    sign_request,
    verify_request,
)
from gpu_runtime.protocol.warrant import (
    Envelope,
    Refusal,
    RestsOn,
    WarrantDocument,
    WarrantRefused,
    sign_warrant,
    verify_warrant,
)

__all__ = [
    "Envelope",
    "KeyUnusable",
    "MessageMalformed",
    "NotCanonical",
    "Refusal",
    "RequestRefusal",
    "RequestRefused",
    "RestsOn",
    "SignedHeaders",
    "WarrantDocument",
    "WarrantRefused",
    "as_json",
    "canonical_json",
    "decode_json",
    "generate_key",
    "key_id_of",
    "load_key",
    "load_or_create_key",
    "new_nonce",
    "parse",
    "parse_json",
    "parse_public_key",
    "public_key_text",
    "read_signed_headers",
    "save_key",
    "sha256_hex",
    "sign_request",
    "sign_warrant",
    "spec_digest",
    "verify_request",
    "verify_warrant",
]
