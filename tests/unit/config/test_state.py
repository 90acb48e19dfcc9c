"""`.writ/`: private, and with sockets that the kernel accepts."""

import os
import socket
import stat
from pathlib import Path

import pytest

from config.embedded import state


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("WRIT_STATE", str(tmp_path / "state"))
    return state.state_folder()


def test_state_folder_is_private(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_state_folder_open_to_others_is_closed(folder: Path) -> None:
    folder.chmod(0o755)
    assert stat.S_IMODE(state.state_folder().stat().st_mode) == 0o700


def test_state_folder_under_a_file_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WRIT_STATE", str(tmp_path / "file" / "state"))
    with pytest.raises(state.SetupFault, match=r"Cannot write to .*file.*WRIT_STATE"):
        state.state_folder()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_state_folder_unwritable_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv("WRIT_STATE", str(tmp_path / "state"))
    with pytest.raises(state.SetupFault, match="Permission denied"):
        state.state_folder()


def test_secret_is_generated_once_and_private(folder: Path) -> None:
    first = state.secret("sample")
    path = folder / "secrets" / "sample"
    assert state.secret("sample") == first
    assert len(first) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(("length", "fits"), [(87, True), (88, True), (89, False)])
def test_socket_path_limit_counts_the_longest_name(length: int, fits: bool) -> None:
    folder = Path("/" + "d" * (length - 1))
    assert state.fits_socket_path(folder) is fits
    assert len(os.fsencode(folder / ".s.PGSQL.5432.lock")) == length + 19


def test_socket_folder_shallow_lies_in_the_state_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shallow = Path(os.path.commonpath([folder, "/tmp"])) / f"w{os.getpid()}"
    monkeypatch.setenv("WRIT_STATE", str(shallow))
    try:
        assert state.socket_folder() == shallow / "run"
    finally:
        (shallow / "run").rmdir()
        shallow.rmdir()


def test_socket_folder_deep_is_a_private_one_that_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRIT_STATE", str(tmp_path / ("deep" * 25) / "state"))
    monkeypatch.setattr(state.tempfile, "tempdir", "/tmp")
    first = state.socket_folder()
    try:
        assert stat.S_IMODE(first.stat().st_mode) == 0o700
        assert state.socket_folder() == first
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(first / ".s.PGSQL.5432.lock"))
    finally:
        (first / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        first.rmdir()


def test_socket_folder_opened_to_others_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRIT_STATE", str(tmp_path / ("deep" * 25) / "state"))
    monkeypatch.setattr(state.tempfile, "tempdir", "/tmp")
    first = state.socket_folder()
    first.chmod(0o777)
    second = state.socket_folder()
    try:
        assert second != first
    finally:
        first.rmdir()
        second.rmdir()
