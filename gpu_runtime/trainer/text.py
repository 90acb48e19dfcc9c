"""What is trained on; and the built-in source: the standard library's own sources on this machine, split by file.

Shapes: a text is a one-dimensional tensor of token numbers, uint8 where they are bytes.
"""

import hashlib
import sysconfig
from pathlib import Path

import torch
from torch import Tensor

from gpu_runtime.trainer.corpus import Corpus, DataError
from gpu_runtime.trainer.dataset import dataset_folder, open_dataset
from gpu_runtime.trainer.fields import BUILT_IN_DATA, DATASET_PREFIX

__all__ = ["Corpus", "DataError", "bigram_entropy_bits", "load_corpus", "read_sources"]

# Tests repeat themselves, and site-packages are not the standard library.
EXCLUDED_FOLDERS = frozenset({"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"})
HELD_OUT_SHARE_OF_256 = 16
LEAST_BYTES = 65_536


def load_corpus(source: str) -> Corpus:
    """Load a data source by its name.

    Raises:
        DataError: this host lacks it.
    """
    if source.startswith(DATASET_PREFIX):
        return open_dataset(dataset_folder(source.removeprefix(DATASET_PREFIX)))
    if source != BUILT_IN_DATA:
        raise DataError(f"This host knows no data source {source!r}; it has python-stdlib.")
    return read_sources(Path(sysconfig.get_paths()["stdlib"]))


def read_sources(root: Path) -> Corpus:
    """Read every .py file below `root`; a file's own hash decides whether it is held out.

    Raises:
        DataError: too little text to train on and to hold out.
    """
    digest = hashlib.sha256()
    train: list[bytes] = []
    held_out: list[bytes] = []
    for path in _source_files(root):
        content = path.read_bytes()
        file_digest = hashlib.sha256(content).digest()
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + file_digest)
        (held_out if file_digest[0] < HELD_OUT_SHARE_OF_256 else train).append(content)
    sizes = (sum(len(part) for part in train), sum(len(part) for part in held_out))
    if min(sizes) < LEAST_BYTES:
        raise DataError(
            f"{root} holds {sizes[0]} bytes of .py files to train on and {sizes[1]} to hold out; each needs"
            f" {LEAST_BYTES}. Install the interpreter's standard library with its sources."
        )
    return Corpus(_bytes(train), _bytes(held_out), digest.hexdigest(), len(train), len(held_out))


def bigram_entropy_bits(text: Tensor) -> float:
    """Bits of a byte given the byte before it, by the text's own counts: what a bigram table could reach at best."""
    pairs = text[:-1].long() * 256 + text[1:].long()
    counts = torch.bincount(pairs, minlength=65_536).view(256, 256).double()
    given = counts.sum(dim=1, keepdim=True).clamp(min=1)
    logs = torch.where(counts > 0, (counts / given).clamp(min=1e-300).log2(), 0.0)
    return -float((counts * logs).sum() / counts.sum())


def _source_files(root: Path) -> list[Path]:
    found = [path for path in root.rglob("*.py") if path.is_file()]
    kept = [path for path in found if not EXCLUDED_FOLDERS & set(path.relative_to(root).parts)]
    return sorted(kept, key=lambda path: path.relative_to(root).as_posix())


def _bytes(parts: list[bytes]) -> Tensor:
    return torch.frombuffer(bytearray(b"".join(parts)), dtype=torch.uint8)
