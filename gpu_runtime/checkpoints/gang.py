"""Checkpoints of a gang: each process writes what it holds, one manifest makes the whole of it, renamed last.

Where the gang's hosts share the folder, `torch.distributed.checkpoint` writes one file a process. Where each host has a
folder of its own, each gets a whole copy, with the same bytes and so the same manifest: any host of the gang can go on.
"""

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.distributed as dist
from torch import Tensor

from gpu_runtime.checkpoints.manifest import (
    CheckpointRecord,
    DamagedCheckpoint,
    put_in_place,
    verify,
    write_manifest,
)
from gpu_runtime.checkpoints.store import INCOMPLETE, CheckpointStore, State, checkpoint_name

SHARDS = ".metadata"


class Company(Protocol):
    """What a store has to know of a gang."""

    @property
    def rank(self) -> int:
        """Its place in the gang, from 0."""

    @property
    def local_rank(self) -> int:
        """Its place on its host, from 0."""

    @property
    def is_alone(self) -> bool:
        """Whether there is but one process."""

    def any(self, holds: bool) -> bool:
        """Whether it holds for one of them at least."""


class GangStore:
    """Writes, reads and thins out a job's checkpoints with all processes of its gang; every one of them has to ask."""

    def __init__(self, folder: Path, gang: Company) -> None:
        self._folder, self._gang = folder, gang
        if gang.local_rank == 0:
            self._plain = CheckpointStore(folder)
        gang.any(False)
        if gang.local_rank != 0:
            self._plain = CheckpointStore(folder, clears=False)
        self.is_shared = gang.is_alone or self._find_out()

    def write(self, step: int, parts: Mapping[str, State]) -> CheckpointRecord:
        """Write a checkpoint that is whole for the whole gang, or not at all.

        Args:
            step: optimiser steps done.
            parts: states by name, such as model and optimiser; tensors may be in shards.
        """
        if self._gang.is_alone:
            return self._plain.write(step, parts)
        if not self.is_shared:
            return self._write_copies(step, parts)
        aside = self._folder / f"{checkpoint_name(step)}{INCOMPLETE}"
        if self._gang.rank == 0:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
        self._gang.any(False)
        _save(aside, parts)
        self._gang.any(False)
        if self._gang.rank == 0:
            record = replace(write_manifest(aside, step), name=checkpoint_name(step))
            put_in_place(aside, self._folder / record.name, record)
        self._gang.any(False)
        return self._plain.standing(step)

    def read(
        self, name: str, manifest_sha256: str | None, held: Mapping[str, State]
    ) -> tuple[int, dict[str, dict[str, Tensor | int]]]:
        """Read a checkpoint, of a gang of any size or of one process, after verifying it.

        Args:
            held: the present state, which shards are read into.

        Raises:
            DamagedCheckpoint: for every process, where one of them finds it torn, altered or not the one announced.
        """
        folder, fault = self._folder / name, ""
        try:
            step = verify(folder, manifest_sha256) if self._gang.local_rank == 0 else 0
        except DamagedCheckpoint as error:
            fault = str(error)
        if self._gang.any(bool(fault)):
            raise DamagedCheckpoint(fault or f"{name}: another host of the gang cannot use it.")
        if not (folder / SHARDS).exists():
            return self._plain.read(name, manifest_sha256)
        state = _as_tensors(held)
        _load(folder, state)
        return step or int(state["progress"]["step"]), state

    def thin_out(self, now: float) -> None:
        """Remove checkpoints that are old and not among the last; one process a folder does it."""
        if self._gang.rank == 0 or (self._gang.local_rank == 0 and not self.is_shared):
            self._plain.thin_out(now)

    def _write_copies(self, step: int, parts: Mapping[str, State]) -> CheckpointRecord:
        gathered = {part: {name: _whole(value) for name, value in state.items()} for part, state in parts.items()}
        if self._gang.local_rank == 0:
            self._plain.write(step, gathered)
        self._gang.any(False)
        return self._plain.standing(step)

    def _find_out(self) -> bool:
        """Whether a file that the first process writes is seen by all."""
        mark = self._folder / f".gang-{os.environ.get('TORCHELASTIC_RUN_ID', '0').replace('/', '_')}"
        if self._gang.rank == 0:
            mark.write_text(str(time.time()))
        self._gang.any(False)
        is_hidden = self._gang.any(not mark.exists())
        if self._gang.rank == 0:
            mark.unlink()
        return not is_hidden


def _save(folder: Path, parts: Mapping[str, State]) -> None:
    from torch.distributed.checkpoint.filesystem import FileSystemWriter
    from torch.distributed.checkpoint.state_dict_saver import save

    save(_as_tensors(parts), storage_writer=FileSystemWriter(folder, single_file_per_rank=True))


def _load(folder: Path, state: dict[str, dict[str, Any]]) -> None:
    from torch.distributed.checkpoint.filesystem import FileSystemReader
    from torch.distributed.checkpoint.state_dict_loader import load

    load(state, storage_reader=FileSystemReader(folder), no_dist=not dist.is_initialized())


def _as_tensors(parts: Mapping[str, State]) -> dict[str, dict[str, Any]]:
    return {part: {name: torch.as_tensor(value) for name, value in state.items()} for part, state in parts.items()}


def _whole(value: Tensor | int) -> Tensor | int:
    full_tensor = getattr(value, "full_tensor", None)
    return value if full_tensor is None else full_tensor()
