"""Checkpoints written beside the training: it waits for a copy of its state in memory, and not for the disk."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from torch import Tensor

from gpu_runtime.checkpoints.manifest import CheckpointRecord

Parts = Mapping[str, Mapping[str, Tensor | int]]
Write = Callable[[int, Parts], CheckpointRecord]


class BackgroundSaver:
    """Writes one checkpoint at a time in a thread of its own; the next waits for the one before."""

    def __init__(self, write: Write, announce: Callable[[CheckpointRecord], None]) -> None:
        """Begin with nothing in flight.

        Args:
            write: writes a whole checkpoint, or none.
            announce: told of each that is whole, in the thread that wrote it.
        """
        self._write, self._announce = write, announce
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="checkpoint")
        self._flying: Future[None] | None = None

    def save(self, step: int, parts: Parts) -> None:
        """Copy the state and return; what is written is the state of this moment.

        Raises:
            OSError: the checkpoint before this one could not be written.
        """
        self.wait()
        self._flying = self._thread.submit(self._save, step, copied(parts))

    def wait(self) -> None:
        """Return when nothing is in flight.

        Raises:
            OSError: the last checkpoint could not be written.
        """
        flying, self._flying = self._flying, None
        if flying is not None:
            flying.result()

    def _save(self, step: int, parts: Parts) -> None:
        self._announce(self._write(step, parts))


def copied(parts: Parts) -> dict[str, dict[str, Tensor | int]]:
    """A copy on the CPU that later steps do not change."""
    return {
        part: {
            name: value.detach().to("cpu", copy=True) if isinstance(value, Tensor) else value
            for name, value in state.items()
        }
        for part, state in parts.items()
    }
