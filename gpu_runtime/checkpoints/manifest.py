"""What a whole checkpoint holds, and the check that it still does. Standard library only."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

MANIFEST_NAME = "manifest.json"
FORMAT_VERSION = 1


class DamagedCheckpoint(RuntimeError):
    """A checkpoint is torn, altered or not the one that was announced; it is not used."""


@dataclass(frozen=True)
class CheckpointRecord:
    """A whole checkpoint as it is announced.

    Attributes:
        step: optimiser steps done.
        name: its folder's name.
        manifest_sha256: SHA-256 of its manifest file, in hexadecimal.
        size_bytes: of all its files, the manifest included.
    """

    step: int
    name: str
    manifest_sha256: str
    size_bytes: int


def write_manifest(folder: Path, step: int) -> CheckpointRecord:
    """Describe every file in `folder` in its manifest and sync all of them to disk."""
    files = {path.name: _describe(path) for path in sorted(folder.iterdir())}
    manifest = {"v": FORMAT_VERSION, "step": step, "files": files}
    content = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    path = folder / MANIFEST_NAME
    path.write_bytes(content)
    for name in (*files, MANIFEST_NAME):
        sync(folder / name)
    sync(folder)
    size = len(content) + sum(int(entry["size_bytes"]) for entry in files.values())
    return CheckpointRecord(step, folder.name, hashlib.sha256(content).hexdigest(), size)


def put_in_place(aside: Path, whole: Path, record: CheckpointRecord) -> CheckpointRecord:
    """Give a folder that is all on disk its name, in one act. A whole checkpoint of that step is never taken away.

    To replace one takes two acts, and a kill between them would leave the step that was announced without its files.

    Returns:
        The checkpoint that stands under the name: the new one, or the whole one that stood there already.
    """
    if whole.exists():
        try:
            verify(whole)
        except DamagedCheckpoint:
            shutil.rmtree(whole)
        else:
            shutil.rmtree(aside)
            return describe(whole, record.step)
    os.rename(aside, whole)
    sync(whole.parent)
    return record


def describe(whole: Path, step: int) -> CheckpointRecord:
    """The record of a checkpoint that stands already.

    Raises:
        DamagedCheckpoint: it has no manifest that can be read.
    """
    content = _read_manifest(whole)
    size = len(content) + sum(int(entry["size_bytes"]) for entry in _parse(whole, content)[1].values())
    return CheckpointRecord(step, whole.name, hashlib.sha256(content).hexdigest(), size)


def verify(folder: Path, manifest_sha256: str | None = None) -> int:
    """Check every file of a checkpoint against its manifest.

    Args:
        folder: the checkpoint.
        manifest_sha256: what the manifest was when the checkpoint was announced; None to trust the manifest.

    Returns:
        The step it was written at.

    Raises:
        DamagedCheckpoint: names the first file that is missing, altered or unknown.
    """
    content = _read_manifest(folder)
    if manifest_sha256 is not None and hashlib.sha256(content).hexdigest() != manifest_sha256:
        raise DamagedCheckpoint(f"{folder.name}: manifest.json is not the one that was announced.")
    step, files = _parse(folder, content)
    present = {path.name for path in folder.iterdir()} - {MANIFEST_NAME}
    for name in sorted(present ^ files.keys()):
        raise DamagedCheckpoint(f"{folder.name}: {name} is {'not in the manifest' if name in present else 'missing'}.")
    for name, entry in files.items():
        if _describe(folder / name) != entry:
            raise DamagedCheckpoint(f"{folder.name}: {name} does not match its SHA-256 in the manifest.")
    return step


def sync(path: Path) -> None:
    """Flush a file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_manifest(folder: Path) -> bytes:
    if not folder.is_dir():
        raise DamagedCheckpoint(f"{folder.name}: there is no such checkpoint in {folder.parent}.")
    try:
        return (folder / MANIFEST_NAME).read_bytes()
    except FileNotFoundError:
        raise DamagedCheckpoint(f"{folder.name}: manifest.json is missing.") from None


def _parse(folder: Path, content: bytes) -> tuple[int, dict[str, dict[str, int | str]]]:
    try:
        manifest = json.loads(content)
        version, step, files = manifest["v"], int(manifest["step"]), dict(manifest["files"])
    except (ValueError, KeyError, TypeError):
        raise DamagedCheckpoint(f"{folder.name}: manifest.json cannot be read.") from None
    if version != FORMAT_VERSION:
        raise DamagedCheckpoint(f"{folder.name}: format {version} is unknown; this runner reads {FORMAT_VERSION}.")
    return step, files


def _describe(path: Path) -> dict[str, int | str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size_bytes": path.stat().st_size, "sha256": digest}
