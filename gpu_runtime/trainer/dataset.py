"""Data sets that a host keeps: a folder of token numbers, mapped into memory, and its description.

    $WRIT_DATASETS/NAME/dataset.json    what it is, how many tokens, SHA-256 of each file
    $WRIT_DATASETS/NAME/train.bin       token numbers, 1, 2 or 4 bytes each, little-endian
    $WRIT_DATASETS/NAME/held_out.bin
    $WRIT_DATASETS/NAME/tokenizer.json  where the tokens are no bytes

`python -m gpu_runtime.trainer.prepare` makes one.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gpu_runtime.trainer.corpus import Corpus, DataError

FOLDER_VARIABLE = "WRIT_DATASETS"
DESCRIPTION, TRAIN, HELD_OUT, TOKENIZER = "dataset.json", "train.bin", "held_out.bin", "tokenizer.json"
FORMAT_VERSION = 1
# torch reads few things from uint16: two-byte numbers are mapped signed, and the sampler drops the sign.
DTYPES: Mapping[int, torch.dtype] = {1: torch.uint8, 2: torch.int16, 4: torch.int32}
# Hashing more than this at each start would keep leased devices waiting.
HASHED_BYTES_MOST = 1 << 30


def dataset_folder(name: str) -> Path:
    """Where this host keeps a data set.

    Raises:
        DataError: it keeps none, or not this one.
    """
    kept = os.environ.get(FOLDER_VARIABLE)
    if not kept:
        raise DataError(f"This host keeps no data sets ({FOLDER_VARIABLE} is not set), so it has no {name!r}.")
    folder = Path(kept) / name
    if not (folder / DESCRIPTION).is_file():
        raise DataError(f"This host keeps no data set {name!r}: {folder / DESCRIPTION} is missing.")
    return folder


def open_dataset(folder: Path) -> Corpus:
    """Map a data set into memory, after its files were held against their description.

    Raises:
        DataError: the description cannot be read, or a file is not the one that it describes.
    """
    raw = (folder / DESCRIPTION).read_bytes()
    said = _parse(folder, raw)
    is_hashed = sum(int(said[part]["tokens"]) for part in ("train", "held_out")) * said["width"] <= HASHED_BYTES_MOST
    parts = {
        part: _map(folder / name, said[part], said["width"], is_hashed)
        for part, name in (("train", TRAIN), ("held_out", HELD_OUT))
    }
    return Corpus(
        train=parts["train"], held_out=parts["held_out"], digest=hashlib.sha256(raw).hexdigest(),
        train_files=int(said["train"]["files"]), held_out_files=int(said["held_out"]["files"]),
        vocabulary=int(said["vocabulary"]), held_out_bytes=int(said["held_out"]["bytes"]), is_hashed=is_hashed,
    )  # fmt: skip


def _parse(folder: Path, raw: bytes) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(raw)
        version, width, vocabulary = said["v"], said["width"], int(said["vocabulary"])
        sizes = [int(said[part][name]) for part in ("train", "held_out") for name in ("tokens", "bytes", "files")]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder / DESCRIPTION} cannot be read: {type(error).__name__}: {error}.") from None
    if version != FORMAT_VERSION or width not in DTYPES:
        raise DataError(
            f"{folder / DESCRIPTION} has format {version} with {width} bytes a token; this is unknown here."
        )
    if not 1 <= vocabulary <= 256**width or min(sizes) < 1:
        raise DataError(f"{folder / DESCRIPTION} has a vocabulary of {vocabulary} or a part with nothing in it.")
    return said


def _map(path: Path, said: Mapping[str, Any], width: int, is_hashed: bool) -> Tensor:
    expected, found = int(said["tokens"]) * width, path.stat().st_size if path.is_file() else -1
    if found != expected:
        raise DataError(f"{path} should have {expected} bytes and has {max(found, 0)}: the data set is not whole.")
    if is_hashed:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != said["sha256"]:
            raise DataError(f"{path} does not match its SHA-256 in {DESCRIPTION}: the data set was altered.")
    return torch.from_file(str(path), shared=False, size=int(said["tokens"]), dtype=DTYPES[width])
