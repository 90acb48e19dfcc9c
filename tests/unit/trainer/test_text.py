"""The data source: which files, split how, and what a bigram table knows of them."""

import math
from pathlib import Path

import pytest
import torch

from gpu_runtime.trainer.text import DataError, bigram_entropy_bits, load_corpus, read_sources
from tests.unit.trainer.sources import write_sources


def test_sources_read_twice_same_digest_and_split(tmp_path: Path) -> None:
    root = write_sources(tmp_path / "a", files=200, lines=2000)
    first, second = read_sources(root), read_sources(root)
    assert first.digest == second.digest
    assert torch.equal(first.train, second.train)
    assert torch.equal(first.held_out, second.held_out)
    assert first.train_files + first.held_out_files == 200
    assert first.held_out_files > 0


def test_sources_one_byte_changed_other_digest(tmp_path: Path) -> None:
    root = write_sources(tmp_path / "a", files=200, lines=2000)
    before = read_sources(root).digest
    path = root / "module_000.py"
    path.write_text(path.read_text().replace("#", "%", 1))
    assert read_sources(root).digest != before


def test_sources_of_tests_and_installed_packages_left_out(tmp_path: Path) -> None:
    root = write_sources(tmp_path / "a", files=200, lines=2000)
    before = read_sources(root).digest
    for folder in ("site-packages", "test", "deep/idle_test"):
        write_sources(root / folder, files=2)
    assert read_sources(root).digest == before


def test_sources_too_few_refused_with_the_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds .* bytes of \.py files to train on"):
        read_sources(write_sources(tmp_path / "a", files=2))


def test_corpus_unknown_source_refused_by_name() -> None:
    with pytest.raises(DataError, match="python-stdlib"):
        load_corpus("wikipedia")


def test_corpus_of_this_interpreter_is_split_apart() -> None:
    corpus = load_corpus("python-stdlib")
    assert corpus.train.numel() > 10 * corpus.held_out.numel() > 1_000_000
    assert 3.0 < bigram_entropy_bits(corpus.held_out) < 4.0


def _text(content: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)


def test_bigram_entropy_of_an_alternation_is_nothing() -> None:
    assert bigram_entropy_bits(_text(b"abababab")) == pytest.approx(0.0)


def test_bigram_entropy_of_a_fair_choice_after_one_byte() -> None:
    # After "a" come "b" and "c" equally often; after both comes "a": one bit at every second byte.
    assert bigram_entropy_bits(_text(b"abac" * 50 + b"a")) == pytest.approx(0.5)


def test_bigram_entropy_of_uniform_pairs_is_their_logarithm() -> None:
    pairs = bytes(byte for first in range(4) for second in range(4) for byte in (first, second, 255))
    assert 0 < bigram_entropy_bits(_text(pairs)) <= math.log2(4)
