"""`python -m gpu_runtime.checkpoints.commit FOLDER STEP`: a team's own program commits a whole checkpoint.

FOLDER lies in `$WRIT_CHECKPOINT_DIR` and holds plain files alone. It is described by a manifest with their hashes,
renamed to its step in one act, and told to the control plane. A folder that was not committed is never resumed from.
Standard library only, so that any program may use it.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from gpu_runtime.checkpoints.manifest import MANIFEST_NAME, CheckpointRecord, put_in_place, write_manifest

MAX_STEP = 2**53 - 1
EXIT_DONE, EXIT_BAD_INPUT = 0, 2


class NotCommitted(ValueError):
    """The folder cannot be committed; `str()` says why."""


def commit_checkpoint(folder: Path, step: int, environment: Mapping[str, str]) -> CheckpointRecord:
    """Make a folder the whole checkpoint of a step, and announce it.

    Raises:
        NotCommitted: it is not a folder of plain files in the checkpoint folder, or the step is out of range.
    """
    root, metrics = Path(environment["WRIT_CHECKPOINT_DIR"]), Path(environment["WRIT_METRICS"])
    _check(folder, step, root)
    name = f"step_{step:08d}"
    (folder / MANIFEST_NAME).unlink(missing_ok=True)
    record = replace(write_manifest(folder, step), name=name)
    record = put_in_place(folder, root / name, record)
    with metrics.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": "checkpoint", **asdict(record)}) + "\n")
    return record


def _check(folder: Path, step: int, root: Path) -> None:
    if not 0 <= step <= MAX_STEP:
        raise NotCommitted(f"the step is a whole number from 0 to 2^53 - 1, not {step}")
    if folder.is_symlink() or not folder.is_dir() or folder.resolve().parent != root.resolve():
        raise NotCommitted(f"{folder} is no folder directly in {root}")
    strange = [path.name for path in folder.iterdir() if path.is_symlink() or not path.is_file()]
    if strange:
        raise NotCommitted(f"{folder.name} holds {strange[0]}, which is no plain file")
    if not any(path.name != MANIFEST_NAME for path in folder.iterdir()):
        raise NotCommitted(f"{folder.name} is empty")


def main(arguments: list[str]) -> int:
    """The command line."""
    if len(arguments) != 2 or not arguments[1].isdecimal():
        sys.stderr.write("Usage: python -m gpu_runtime.checkpoints.commit FOLDER STEP\n")
        return EXIT_BAD_INPUT
    try:
        record = commit_checkpoint(Path(arguments[0]), int(arguments[1]), os.environ)
    except KeyError as error:
        sys.stderr.write(f"{error.args[0]} is not set: this runs inside a job.\n")
        return EXIT_BAD_INPUT
    except (NotCommitted, OSError) as error:
        sys.stderr.write(f"Not committed: {error}.\n")
        return EXIT_BAD_INPUT
    sys.stdout.write(f"{record.name} is whole, {record.size_bytes} bytes.\n")
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
