"""The index in a file: the same as in memory, or refused."""

from pathlib import Path

import numpy as np
import pytest

from procurement.screening.matching.index import CandidateIndex
from procurement.screening.matching.index_file import MAGIC, IndexFileBroken, load, save
from procurement.screening.matching.matcher import match
from procurement.screening.matching.subjects import ListedParty, Name, NameKind, PartyKind, Subject

PARTIES = (
    ListedParty("csl:1", "a" * 64, (Name("Example Optics Ltd"), Name("示例光学", NameKind.ORIGINAL_SCRIPT)), ("CN",)),
    ListedParty("un:2", "b" * 64, (Name("Sample, Ivan"),), ("RU",), PartyKind.INDIVIDUAL),
)


def saved(folder: Path) -> Path:
    path = folder / "sub" / "lists.index"
    save(CandidateIndex(PARTIES).arrays, path)
    return path


def test_index_from_a_file_gives_the_very_matches(tmp_path: Path) -> None:
    from_file, built = CandidateIndex(arrays=load(saved(tmp_path))), CandidateIndex(PARTIES)
    for name in ("Exampel Optics", "Ivan Sample", "示例光学", "shi li guang xue"):
        subject = Subject("", (Name(name),), ("CN",))
        assert match(subject, from_file) == match(subject, built) != ()


def test_index_from_a_file_gives_back_every_party(tmp_path: Path) -> None:
    index = CandidateIndex(arrays=load(saved(tmp_path)))
    assert tuple(index.party(number) for number in range(index.party_count)) == PARTIES
    assert list(index.parties_of({"un:2"})) == [PARTIES[1]]


def test_index_file_of_no_parties_is_an_index_that_finds_nobody(tmp_path: Path) -> None:
    save(CandidateIndex(()).arrays, tmp_path / "empty.index")
    index = CandidateIndex(arrays=load(tmp_path / "empty.index"))
    assert index.party_count == 0
    assert match(Subject("", (Name("Anybody"),)), index) == ()


def test_index_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    assert saved(tmp_path).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("at", [0, 30, -1])
def test_index_file_with_one_byte_changed_is_refused(tmp_path: Path, at: int) -> None:
    path = saved(tmp_path)
    plain = bytearray(path.read_bytes())
    plain[at] ^= 0xFF
    path.write_bytes(bytes(plain))
    with pytest.raises(IndexFileBroken):
        load(path)


@pytest.mark.parametrize("length", [0, 10, len(MAGIC) + 4, 400])
def test_index_file_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(IndexFileBroken):
        load(path)


def test_index_file_of_other_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path)
    monkeypatch.setattr("procurement.screening.matching.index_file.fingerprint", lambda: "another")
    with pytest.raises(IndexFileBroken, match="another version"):
        load(path)


def test_index_file_that_cannot_be_finished_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("procurement.screening.matching.index_file.os.replace", full)
    with pytest.raises(OSError, match="No space"):
        save(CandidateIndex(PARTIES[:1]).arrays, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_index_arrays_of_a_file_cannot_be_written(tmp_path: Path) -> None:
    arrays = load(saved(tmp_path))
    assert all(not values.flags.writeable for values in vars(arrays).values() if isinstance(values, np.ndarray))
