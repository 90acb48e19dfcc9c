"""Ed25519 key pairs: made once, kept in a file that only its owner reads, named by their public half."""

import base64
import os
from pathlib import Path

from nacl.signing import SigningKey, VerifyKey

from gpu_runtime.protocol.canonical import bytes_of_base64, sha256_hex

KEY_BYTES = 32
OWNER_ONLY = 0o600


class KeyUnusable(ValueError):
    """A key file or key text is not what it should be. `str()` says which, and what to do."""


def generate_key() -> SigningKey:
    """A fresh Ed25519 key from the system's random source."""
    return SigningKey.generate()


def key_id_of(public: VerifyKey) -> str:
    """Name of a key: the first 16 hexadecimal digits of SHA-256 over its public half."""
    return sha256_hex(bytes(public))[:16]


def public_key_text(public: VerifyKey) -> str:
    """The public half as base64, as it travels in JSON."""
    return base64.b64encode(bytes(public)).decode("ascii")


def parse_public_key(text: str) -> VerifyKey:
    """Read a public key from base64.

    Raises:
        KeyUnusable: if the text is not base64 of 32 bytes.
    """
    try:
        raw = bytes_of_base64(text)
    except ValueError as error:
        raise KeyUnusable("a public key is base64 of 32 bytes; this is not base64") from error
    if len(raw) != KEY_BYTES:
        raise KeyUnusable(f"a public key is {KEY_BYTES} bytes; this one is {len(raw)}")
    return VerifyKey(raw)


def load_key(path: Path) -> SigningKey:
    """Read a signing key from its file.

    Raises:
        KeyUnusable: if others may read the file, or it does not hold one key.
        FileNotFoundError: if there is none.
    """
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        raw = file.read(KEY_BYTES + 1)
    if mode & 0o077:
        raise KeyUnusable(f"{path} may be read by others (mode {mode:04o}); a key file has mode 0600")
    if len(raw) != KEY_BYTES:
        raise KeyUnusable(f"{path} holds {len(raw)} bytes; a signing key is {KEY_BYTES}")
    return SigningKey(raw)


def save_key(path: Path, key: SigningKey) -> None:
    """Write a signing key to a new file that only its owner reads.

    Raises:
        FileExistsError: if the file is there already; a key is never overwritten.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(bytes(key))
        file.flush()
        os.fsync(file.fileno())


def load_or_create_key(path: Path) -> SigningKey:
    """Read the key at `path`; the first time, make it. Two callers at once get the same key.

    Raises:
        KeyUnusable: if the file is there and is no proper key file.
    """
    try:
        return load_key(path)
    except FileNotFoundError:
        pass
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    save_key(draft, generate_key())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return load_key(path)
