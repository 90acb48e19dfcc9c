"""The warrant key: made once under WRIT_KEYS, read by its owner alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from nacl.signing import SigningKey

from gpu_runtime.protocol import key_id_of, load_or_create_key, public_key_text
from gpu_runtime.protocol.messages import WarrantKey


def warrant_key() -> SigningKey:
    """The key that signs warrants.

    Raises:
        KeyUnusable: the file is there and is no proper key file.
    """
    return _read(Path(settings.WRIT_KEYS))


def warrant_keys() -> tuple[WarrantKey, ...]:
    """The public halves that hosts pin when they enrol."""
    public = warrant_key().verify_key
    return (WarrantKey(key_id=key_id_of(public), public_key=public_key_text(public)),)


@cache
def _read(folder: Path) -> SigningKey:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return load_or_create_key(folder / "warrant.key")
