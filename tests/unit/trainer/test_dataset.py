"""A host's data set: made once, mapped into memory, held against its digests."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from gpu_runtime.trainer import dataset
from gpu_runtime.trainer.corpus import DataError
from gpu_runtime.trainer.dataset import dataset_folder, open_dataset
from gpu_runtime.trainer.prepare import CannotPrepare, main, prepare
from gpu_runtime.trainer.sampler import windows
from gpu_runtime.trainer.text import load_corpus
from tests.unit.trainer.sources import write_sources


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A data set of bytes, as a host keeps it."""
    sources = sorted(write_sources(tmp_path / "sources", files=3).iterdir())
    prepare(tmp_path / "kept" / "small", sources)
    return tmp_path / "kept" / "small"


def test_data_set_prepared_holds_the_files_in_order_split_at_lines(kept: Path, tmp_path: Path) -> None:
    corpus = open_dataset(kept)
    contents = [path.read_bytes() for path in sorted((tmp_path / "sources").iterdir())]
    cuts = [content.rfind(b"\n", 0, len(content) - len(content) // 16) + 1 for content in contents]
    trained, held_out = (
        b"".join(content[slice(*ends)] for content, ends in zip(contents, pairs, strict=True))
        for pairs in ([(0, cut) for cut in cuts], [(cut, None) for cut in cuts])
    )
    assert (bytes(corpus.train.tolist()), bytes(corpus.held_out.tolist())) == (trained, held_out)
    assert (corpus.vocabulary, corpus.train_files, corpus.tokens_per_byte, corpus.is_bytes) == (256, 3, 1.0, True)


def test_data_set_named_in_a_job_found_where_the_host_says(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WRIT_DATASETS", str(kept.parent))
    assert torch.equal(load_corpus("dataset:small").train, open_dataset(kept).train)
    with pytest.raises(DataError, match="This host keeps no data set 'other'"):
        load_corpus("dataset:other")
    monkeypatch.delenv("WRIT_DATASETS")
    with pytest.raises(DataError, match="WRIT_DATASETS is not set"):
        dataset_folder("small")


@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_data_set_altered_refused_and_named(kept: Path, damage: str) -> None:
    path = kept / "train.bin"
    content = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(content[:-1])
        case "flip":
            path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        case "gone":
            path.unlink()
    with pytest.raises(DataError, match="train.bin (should have|does not match)"):
        open_dataset(kept)


def test_data_set_too_large_to_hash_is_opened_and_says_so(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_dataset(kept).is_hashed
    monkeypatch.setattr(dataset, "HASHED_BYTES_MOST", 10)
    corpus = open_dataset(kept)
    assert not corpus.is_hashed
    assert corpus.digest == open_dataset(kept).digest


@pytest.mark.parametrize(
    ("name", "value"), [("v", 9), ("width", 3), ("vocabulary", 0), ("vocabulary", 257), ("train", {}), ("held_out", 1)]
)
def test_data_set_with_a_strange_description_refused(kept: Path, name: str, value: object) -> None:
    path = kept / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    with pytest.raises(DataError, match=r"dataset\.json"):
        open_dataset(kept)


def test_windows_of_two_byte_tokens_are_read_without_sign() -> None:
    text = torch.tensor([0, 1, -1, -32768, 7], dtype=torch.int16)
    inputs, targets = windows(text, torch.tensor([0]), 4)
    assert inputs.tolist() == [[0, 1, 65535, 32768]]
    assert targets.tolist() == [[1, 65535, 32768, 7]]


def test_prepare_refuses_a_folder_that_exists_and_files_without_text(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CannotPrepare, match="made once"):
        prepare(kept, [])
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    assert main([str(tmp_path / "new"), str(empty)]) == 2
    assert "nothing to train on" in capsys.readouterr().err
    assert not list(tmp_path.glob("new*"))


def test_prepare_with_a_tokenizer_file_keeps_token_numbers(tmp_path: Path) -> None:
    if importlib.util.find_spec("tokenizers") is None:
        with pytest.raises(CannotPrepare, match="needs the library `tokenizers`"):
            prepare(tmp_path / "out", [], tmp_path / "tokenizer.json")
        pytest.skip("the library tokenizers is not installed")
    words = {word: number for number, word in enumerate(["[UNK]", *(f"w{index}" for index in range(999))])}
    model = {"type": "WordLevel", "vocab": words, "unk_token": "[UNK]"}
    tokenizer = tmp_path / "tokenizer.json"
    tokenizer.write_text(json.dumps({
        "version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None, "decoder": None, "model": model,
    }))  # fmt: skip
    text = tmp_path / "text.txt"
    text.write_text("\n".join(f"w{index % 999} w3" for index in range(2000)))
    said = prepare(tmp_path / "out", [text], tokenizer)
    corpus = open_dataset(tmp_path / "out")
    assert (said["unit"], said["width"], corpus.vocabulary, corpus.is_bytes) == ("token", 2, 1000, False)
    assert corpus.train[:4].tolist() == [1, 4, 2, 4]
    assert 0.2 < corpus.tokens_per_byte < 0.35
    assert (tmp_path / "out" / "tokenizer.json").read_bytes() == tokenizer.read_bytes()
