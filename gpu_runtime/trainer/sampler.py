"""Which windows of the text a step sees: a shuffled pass over the text, then another, from a seed.

Shapes: text [N]; a batch is inputs [B, S] and targets [B, S], int64, targets one token ahead.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gpu_runtime.trainer.corpus import DataError


@dataclass
class Cursor:
    """How far the data has been read: the pass, and the windows taken from it."""

    epoch: int = 0
    position: int = 0


class WindowSampler:
    """Deals windows without replacement; the same seed and cursor give the same batches."""

    def __init__(self, text: Tensor, context: int, batch: int, seed: int) -> None:
        if text.numel() < 2 * context + 1:
            raise DataError(f"The text has {text.numel()} tokens; a context of {context} needs {2 * context + 1}.")
        self.text, self._context, self._batch, self._seed = text, context, batch, seed
        self._windows = text.numel() // context - 1
        self.cursor = Cursor()
        self._order, self._shift = self._shuffle(0)

    def next_batch(self) -> tuple[Tensor, Tensor]:
        """Take the next `batch` windows and move the cursor."""
        return windows(self.text, self.next_starts(), self._context)

    def next_starts(self) -> Tensor:
        """Where the next `batch` windows begin in the text, [B]; moves the cursor."""
        return torch.cat([self._next_start() for _ in range(self._batch)])

    def move_to(self, cursor: Cursor) -> None:
        """Continue from a stored cursor."""
        self.cursor = cursor
        self._order, self._shift = self._shuffle(cursor.epoch)

    def _next_start(self) -> Tensor:
        if self.cursor.position == self._windows:
            self.move_to(Cursor(self.cursor.epoch + 1, 0))
        start = self._order[self.cursor.position : self.cursor.position + 1] * self._context + self._shift
        self.cursor.position += 1
        return start

    def _shuffle(self, epoch: int) -> tuple[Tensor, int]:
        """The order of one pass, and how far its windows are shifted against the text's start."""
        generator = torch.Generator().manual_seed((self._seed * 1_000_003 + epoch) % 2**63)
        order = torch.randperm(self._windows, generator=generator)
        return order, int(torch.randint(self._context, (1,), generator=generator))


def windows(text: Tensor, starts: Tensor, context: int) -> tuple[Tensor, Tensor]:
    """Cut windows out of a text: inputs and, one token ahead, targets."""
    index = starts[:, None] + torch.arange(context + 1)
    rows = text[index].long()
    if text.dtype == torch.int16:
        rows &= 0xFFFF
    return rows[:, :-1], rows[:, 1:]


def fixed_windows(text: Tensor, context: int, most: int) -> Tensor:
    """Starts of at most `most` windows spread evenly over a text: the same for every evaluation."""
    count = max(1, min(most, (text.numel() - 1) // context))
    span = max(0, text.numel() - 1 - context)
    return torch.tensor([span * index // max(1, count - 1) for index in range(count)])
