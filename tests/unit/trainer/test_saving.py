"""Checkpoints in the background: of the moment they were asked for, one at a time, and no fault is lost."""

import errno
import threading

import pytest
import torch

from gpu_runtime.checkpoints.manifest import CheckpointRecord
from gpu_runtime.trainer.saving import BackgroundSaver, Parts


def _record(step: int) -> CheckpointRecord:
    return CheckpointRecord(step, f"step_{step:08d}", "", 0)


def test_saver_keeps_the_state_of_the_moment_and_does_not_wait_for_the_disk() -> None:
    may_write, written, announced = threading.Event(), [], []

    def write(step: int, parts: Parts) -> CheckpointRecord:
        assert may_write.wait(60)
        written.append(torch.as_tensor(parts["model"]["w"]).clone())
        return _record(step)

    saver = BackgroundSaver(write, announced.append)
    weight = torch.ones(3)
    saver.save(5, {"model": {"w": weight}, "progress": {"step": 5}})
    weight.zero_()
    assert written == []
    may_write.set()
    saver.wait()
    assert torch.equal(written[0], torch.ones(3))
    assert announced == [_record(5)]


def test_saver_asked_again_waits_for_the_one_before() -> None:
    lock, steps = threading.Lock(), []

    def write(step: int, parts: Parts) -> CheckpointRecord:
        assert lock.acquire(blocking=False), "two were written at once"
        steps.append(step)
        lock.release()
        return _record(step)

    saver = BackgroundSaver(write, lambda record: None)
    for step in range(20):
        saver.save(step, {})
    saver.wait()
    assert steps == list(range(20))


def test_saver_that_cannot_write_says_so_at_the_next_call_and_once() -> None:
    def write(step: int, parts: Parts) -> CheckpointRecord:
        raise OSError(errno.ENOSPC, "No space left on device")

    saver = BackgroundSaver(write, lambda record: None)
    saver.save(1, {})
    with pytest.raises(OSError, match="No space left"):
        saver.wait()
    saver.wait()
    saver.save(2, {})
    with pytest.raises(OSError, match="No space left"):
        saver.save(3, {})
