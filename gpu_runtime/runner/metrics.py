"""The lines that the guard passes on while a training runs."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from gpu_runtime.checkpoints.manifest import CheckpointRecord
from gpu_runtime.runner.window import WindowMeans


class MetricsFile:
    """RUN_DIR/metrics.jsonl: one JSON object a line, each line whole when it appears."""

    def __init__(self, run_dir: Path) -> None:
        self._file = (run_dir / "metrics.jsonl").open("a", buffering=1, encoding="utf-8")
        self._one_at_a_time = threading.Lock()  # a checkpoint is announced by the thread that wrote it

    def __enter__(self) -> "MetricsFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def train(self, step: int, means: WindowMeans, learning_rate: float, shares: Mapping[str, float]) -> None:
        """The mean loss (nats a token) since the line before, the speed, and what share of the devices it takes."""
        self._write(
            kind="train", step=step, loss=round(means.loss, 6), tokens_per_s=round(means.tokens_per_s, 1),
            learning_rate=round(learning_rate, 10), **shares,
        )  # fmt: skip

    def evaluation(self, step: int, held_out_loss: float, held_out_bits: float, bigram_bits: float | None) -> None:
        """The held-out loss in nats a token and in bits a byte, and the bigram entropy of the same bytes."""
        more = {} if bigram_bits is None else {"bigram_entropy_bits": round(bigram_bits, 6)}
        self._write(
            kind="eval", step=step, held_out_loss=round(held_out_loss, 6),
            held_out_bits_per_byte=round(held_out_bits, 6), **more,
        )  # fmt: skip

    def checkpoint(self, record: CheckpointRecord) -> None:
        """A checkpoint that is whole."""
        self._write(
            kind="checkpoint", step=record.step, name=record.name,
            manifest_sha256=record.manifest_sha256, size_bytes=record.size_bytes,
        )  # fmt: skip

    def _write(self, **line: str | int | float) -> None:
        with self._one_at_a_time:
            self._file.write(json.dumps(line) + "\n")
