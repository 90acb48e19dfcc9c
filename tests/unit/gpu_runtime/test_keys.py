"""Key files: made once, read by their owner alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gpu_runtime.protocol import (
    KeyUnusable,
    generate_key,
    key_id_of,
    load_key,
    load_or_create_key,
    parse_public_key,
    public_key_text,
    save_key,
)


def test_key_made_the_first_time_is_the_same_the_second(tmp_path: Path) -> None:
    path = tmp_path / "host.key"
    assert bytes(load_or_create_key(path)) == bytes(load_or_create_key(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_key_made_by_many_at_once_is_one(tmp_path: Path) -> None:
    path = tmp_path / "host.key"
    save_key(path, generate_key())
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: bytes(load_or_create_key(path)), range(16)))
    assert len(keys) == 1


def test_key_file_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "host.key"
    save_key(path, generate_key())
    path.chmod(0o640)
    with pytest.raises(KeyUnusable, match="0640"):
        load_key(path)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_key_file_of_another_length_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "host.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyUnusable):
        load_or_create_key(path)


def test_key_file_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "host.key"
    save_key(path, generate_key())
    with pytest.raises(FileExistsError):
        save_key(path, generate_key())


def test_public_key_text_read_back_is_the_same_key() -> None:
    public = generate_key().verify_key
    assert parse_public_key(public_key_text(public)) == public
    assert len(key_id_of(public)) == 16


@pytest.mark.parametrize("text", ["", "not base64!", "AAAA", "A" * 44 + "=", "é"])
def test_public_key_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(KeyUnusable):
        parse_public_key(text)
