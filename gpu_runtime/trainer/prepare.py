"""`python -m gpu_runtime.trainer.prepare OUT FILE...`: make a data set that hosts can keep from text files.

Byte by byte, or with `--tokenizer tokenizer.json` (a Hugging Face tokenizer file; needs the `tokenizers` library).
The last sixteenth of each file is held out of training.
"""

import argparse
import hashlib
import importlib
import importlib.util
import json
import shutil
import sys
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from gpu_runtime.trainer.dataset import DESCRIPTION, FORMAT_VERSION, HELD_OUT, TOKENIZER, TRAIN

HELD_OUT_SHARE = 16
CODES = {1: "B", 2: "H", 4: "I"}

Encode = Callable[[bytes], Sequence[int]]


class CannotPrepare(ValueError):
    """No data set can be made of these files; `str()` says why."""


@dataclass
class Part:
    """One of the two files as it grows."""

    file: BinaryIO
    tokens: int = 0
    text_bytes: int = 0
    files: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, content: bytes, encode: Encode, width: int) -> None:
        """Append a text."""
        numbers = encode(content)
        if not numbers:
            return
        raw = array(CODES[width], numbers)
        if sys.byteorder == "big":
            raw.byteswap()
        written = raw.tobytes()
        self.file.write(written)
        self.digest.update(written)
        self.tokens, self.files = self.tokens + len(raw), self.files + 1
        self.text_bytes += len(content)

    def described(self) -> dict[str, int | str]:
        """Its entry in the description."""
        return {
            "tokens": self.tokens, "bytes": self.text_bytes, "files": self.files, "sha256": self.digest.hexdigest()
        }  # fmt: skip


def prepare(out: Path, texts: Sequence[Path], tokenizer: Path | None = None) -> dict[str, Any]:
    """Write a data set of these files, in this order.

    Returns:
        Its description.

    Raises:
        CannotPrepare: the folder exists, there is too little text, or no library reads the tokenizer.
    """
    if out.exists():
        raise CannotPrepare(f"{out} exists; a data set is made once and not altered")
    encode, vocabulary = _encoder(tokenizer)
    width = next(size for size in CODES if vocabulary <= 256**size)
    aside = out.with_name(f"{out.name}.incomplete")
    aside.mkdir(parents=True)
    with (aside / TRAIN).open("wb") as train, (aside / HELD_OUT).open("wb") as held_out:
        parts = Part(train), Part(held_out)
        for path in texts:
            content = path.read_bytes()
            cut = _cut(content)
            parts[0].add(content[:cut], encode, width)
            parts[1].add(content[cut:], encode, width)
    said = {
        "v": FORMAT_VERSION, "unit": "byte" if tokenizer is None else "token", "vocabulary": vocabulary,
        "width": width, "train": parts[0].described(), "held_out": parts[1].described(),
    }  # fmt: skip
    if min(part.tokens for part in parts) == 0:
        shutil.rmtree(aside)
        raise CannotPrepare("the files leave nothing to train on, or nothing to hold out")
    if tokenizer is not None:
        said["tokenizer_sha256"] = hashlib.sha256(tokenizer.read_bytes()).hexdigest()
        shutil.copyfile(tokenizer, aside / TOKENIZER)
    (aside / DESCRIPTION).write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    aside.rename(out)
    return said


def _cut(content: bytes) -> int:
    """Where the held-out part begins: at a line's start where one is near, so that no character is cut in two."""
    wanted = len(content) - len(content) // HELD_OUT_SHARE
    line = content.rfind(b"\n", 0, wanted)
    return line + 1 if line >= wanted // 2 else wanted


def _encoder(tokenizer: Path | None) -> tuple[Encode, int]:
    if tokenizer is None:
        return lambda content: content, 256
    if importlib.util.find_spec("tokenizers") is None:
        raise CannotPrepare("a tokenizer file needs the library `tokenizers`, which is not installed here")
    read: Any = importlib.import_module("tokenizers").Tokenizer.from_file(str(tokenizer))

    def encode(content: bytes) -> Sequence[int]:
        numbers: list[int] = read.encode(content.decode("utf-8", errors="replace"), add_special_tokens=False).ids
        return numbers

    return encode, int(read.get_vocab_size(with_added_tokens=True))


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="gpu_runtime.trainer.prepare", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--tokenizer", type=Path)
    wanted = parser.parse_args(arguments)
    try:
        said = prepare(wanted.out, wanted.texts, wanted.tokenizer)
    except (CannotPrepare, OSError) as error:
        sys.stderr.write(f"Not prepared: {error}.\n")
        return 2
    sys.stdout.write(
        f"{wanted.out}: {said['train']['tokens']} {said['unit']}s to train on, {said['held_out']['tokens']} held out,"
        f" vocabulary {said['vocabulary']}.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
