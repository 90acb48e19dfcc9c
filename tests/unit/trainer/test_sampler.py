"""Windows are dealt without replacement, from a seed, and go on from a cursor."""

import pytest
import torch

from gpu_runtime.trainer.sampler import Cursor, WindowSampler, fixed_windows
from gpu_runtime.trainer.text import DataError

TEXT = torch.arange(256, dtype=torch.uint8).repeat(4)


def test_sampler_targets_are_one_byte_ahead() -> None:
    inputs, targets = WindowSampler(TEXT, 16, 4, seed=1).next_batch()
    assert inputs.shape == targets.shape == (4, 16)
    assert torch.equal((inputs + 1) % 256, targets)


def test_sampler_one_pass_never_repeats_a_window() -> None:
    sampler = WindowSampler(torch.arange(250, dtype=torch.uint8), 10, 1, seed=2)
    firsts = [int(sampler.next_batch()[0][0, 0]) for _ in range(24)]
    assert len(set(firsts)) == 24
    sampler.next_batch()
    assert sampler.cursor == Cursor(epoch=1, position=1)


@pytest.mark.parametrize("taken", [0, 1, 3, 70])
def test_sampler_moved_to_a_cursor_goes_on_the_same(taken: int) -> None:
    one, other = WindowSampler(TEXT, 16, 2, seed=5), WindowSampler(TEXT, 16, 2, seed=5)
    for _ in range(taken):
        one.next_batch()
    other.move_to(Cursor(one.cursor.epoch, one.cursor.position))
    assert all(torch.equal(a, b) for a, b in zip(one.next_batch(), other.next_batch(), strict=True))


def test_sampler_other_seed_other_windows() -> None:
    one, other = (WindowSampler(TEXT, 16, 8, seed=seed).next_batch()[0] for seed in (1, 2))
    assert not torch.equal(one, other)


def test_sampler_text_shorter_than_two_windows_refused() -> None:
    with pytest.raises(DataError, match="needs 33"):
        WindowSampler(TEXT[:32], 16, 1, seed=1)


@pytest.mark.parametrize("length", [17, 33, 100, 1000])
def test_fixed_windows_stay_inside_the_text(length: int) -> None:
    starts = fixed_windows(TEXT[:length], 16, most=9)
    assert 1 <= len(starts) <= 9
    assert int(starts.min()) == 0
    assert int(starts.max()) + 17 <= length
