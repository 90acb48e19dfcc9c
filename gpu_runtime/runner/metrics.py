"""The lines that the guard passes on while a training runs."""

import json
from pathlib import Path
from types import TracebackType

from gpu_runtime.checkpoints.manifest import CheckpointRecord


class MetricsFile:
    """RUN_DIR/metrics.jsonl: one JSON object a line, each line whole when it appears."""

    def __init__(self, run_dir: Path) -> None:
        self._file = (run_dir / "metrics.jsonl").open("a", buffering=1, encoding="utf-8")

    def __enter__(self) -> "MetricsFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def train(self, step: int, loss: float, tokens_per_s: float, learning_rate: float) -> None:
        """The mean loss (nats a byte) since the line before, and the speed."""
        self._write(
            kind="train", step=step, loss=round(loss, 6), tokens_per_s=round(tokens_per_s, 1),
            learning_rate=round(learning_rate, 10),
        )  # fmt: skip

    def evaluation(self, step: int, held_out_loss: float, held_out_bits: float, bigram_bits: float) -> None:
        """The held-out loss in nats and in bits a byte, and the bigram entropy of the same files."""
        self._write(
            kind="eval", step=step, held_out_loss=round(held_out_loss, 6),
            held_out_bits_per_byte=round(held_out_bits, 6), bigram_entropy_bits=round(bigram_bits, 6),
        )  # fmt: skip

    def checkpoint(self, record: CheckpointRecord) -> None:
        """A checkpoint that is whole."""
        self._write(
            kind="checkpoint", step=record.step, name=record.name,
            manifest_sha256=record.manifest_sha256, size_bytes=record.size_bytes,
        )  # fmt: skip

    def _write(self, **line: str | int | float) -> None:
        self._file.write(json.dumps(line) + "\n")
