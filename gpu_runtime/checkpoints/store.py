"""The folder that a job's checkpoints live in."""

import io
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from gpu_runtime.checkpoints.manifest import CheckpointRecord, describe, put_in_place, verify, write_manifest

INCOMPLETE = ".incomplete"
KEEP = 3
# Longer than a warrant lives with its margin (30 s by default): a host that cannot report stops within
# that time, so the last checkpoint that the control plane heard of is still there.
KEEP_SECONDS = 60
NAME = re.compile(r"step_\d{8,}")

State = Mapping[str, Tensor | int]


def checkpoint_name(step: int) -> str:
    """Folder name of the checkpoint written after `step` steps."""
    return f"step_{step:08d}"


class CheckpointStore:
    """Writes, reads and thins out the checkpoints of one job."""

    def __init__(self, folder: Path, *, clears: bool = True) -> None:
        """Open the folder. What was left half written is cleared away, by one process alone."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for torn in folder.glob(f"*{INCOMPLETE}") if clears else ():
            shutil.rmtree(torn)

    def write(self, step: int, parts: Mapping[str, State]) -> CheckpointRecord:
        """Write one file a part, aside; rename the folder when everything is on disk.

        Args:
            step: optimiser steps done.
            parts: states by name, such as model and optimiser.
        """
        name = checkpoint_name(step)
        aside = self._folder / f"{name}{INCOMPLETE}"
        aside.mkdir()
        for part, state in parts.items():
            (aside / f"{part}.pt").write_bytes(_serialise(state))
        record = replace(write_manifest(aside, step), name=name)
        return put_in_place(aside, self._folder / name, record)

    def read(self, name: str, manifest_sha256: str | None) -> tuple[int, dict[str, dict[str, Tensor | int]]]:
        """Read a checkpoint after verifying it.

        Returns:
            The step it was written at, and the states by name.

        Raises:
            DamagedCheckpoint: it is torn, altered, or not the one that was announced.
        """
        folder = self._folder / name
        step = verify(folder, manifest_sha256)
        parts = {path.stem: torch.load(path, weights_only=True, map_location="cpu") for path in folder.glob("*.pt")}
        return step, parts

    def standing(self, step: int) -> CheckpointRecord:
        """The whole checkpoint of a step, as it is announced."""
        return describe(self._folder / checkpoint_name(step), step)

    def thin_out(self, now: float) -> None:
        """Remove checkpoints that are neither among the last KEEP nor younger than KEEP_SECONDS.

        Args:
            now: seconds since the epoch.
        """
        whole = sorted(path for path in self._folder.iterdir() if NAME.fullmatch(path.name))
        for path in whole[:-KEEP]:
            if path.stat().st_mtime < now - KEEP_SECONDS:
                shutil.rmtree(path)


def _serialise(state: State) -> bytes:
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return buffer.getvalue()
