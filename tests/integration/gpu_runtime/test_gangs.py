"""A gang over two hosts: real torchrun, real gloo, two runners that know nothing of each other but where they meet."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gpu_runtime.checkpoints.manifest import verify
from gpu_runtime.guard.processes import living_descendants
from gpu_runtime.runner.torchrun import interface_of, own_address
from tests.integration.gpu_runtime.hosts import until
from tests.integration.gpu_runtime.test_real_runner import SPEC

SECONDS = 240.0


class GangOnTrial:
    """Two hosts' runners, started like guards start them. Hosts have one checkpoint folder, or each its own."""

    def __init__(self, root: Path, *, is_shared: bool) -> None:
        self.root = root
        self.stores = [root / "store-0", root / ("store-0" if is_shared else "store-1")]
        for store in self.stores:
            store.mkdir(exist_ok=True)
        self.number = 0
        self.runners: list[subprocess.Popen[bytes]] = []

    def start(self, steps: int, resume: dict[str, Any] | None = None) -> None:
        """The next attempt."""
        self.number += 1
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            place = f"127.0.0.1:{probe.getsockname()[1]}"
        self.runners = [self._start(rank, place, steps, resume) for rank in (0, 1)]

    def _start(self, rank: int, place: str, steps: int, resume: dict[str, Any] | None) -> subprocess.Popen[bytes]:
        folder = self.folder(rank)
        folder.mkdir()
        spec = {**SPEC, "train_lm": {**SPEC["train_lm"], "steps": steps, "warmup_steps": 1, "checkpoint_every": 20}}
        paper = {
            "spec": spec, "job_ref": "JOB-1", "number": self.number, "rank": rank, "world_size": 2, "rendezvous": place,
            "devices": [{"uuid": f"EMU-{rank}", "chip_model": "H200 SXM", "backend": "cpu-emulated"}],
            "checkpoint_dir": str(self.stores[rank]), "resume": resume,
        }  # fmt: skip
        (folder / "attempt.json").write_text(json.dumps(paper))
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "gpu_runtime.runner", str(folder)], env=environment, stdout=log, stderr=log
            )

    def folder(self, rank: int) -> Path:
        """The run folder of a host in the present attempt."""
        return self.root / f"run-{self.number}-{rank}"

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """What the gang has told so far, whichever host leads it."""
        told = [self.folder(rank) / "metrics.jsonl" for rank in (0, 1)]
        read = [json.loads(line) for path in told if path.exists() for line in path.read_text().splitlines()]
        return [line for line in read if line["kind"] == kind]

    def wait_for(self, condition: Callable[[], Any]) -> Any:
        """Wait, unless a runner has ended meanwhile."""
        return until(lambda: condition() or self._complain(), SECONDS)

    def _complain(self) -> None:
        assert all(runner.poll() is None for runner in self.runners), self.logs()

    def ends(self) -> list[int]:
        """The exit codes of both hosts."""
        until(lambda: all(runner.poll() is not None for runner in self.runners), SECONDS)
        return [runner.returncode for runner in self.runners]

    def logs(self) -> str:
        """What both hosts said."""
        return "\n".join((self.folder(rank) / "log").read_text()[-3000:] for rank in (0, 1))

    def clear(self) -> None:
        """Leave nothing behind."""
        for runner in self.runners:
            for pid in [*living_descendants(runner.pid), runner.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            runner.wait()


@pytest.fixture
def put_gang(tmp_path: Path) -> Iterator[Callable[..., GangOnTrial]]:
    gangs: list[GangOnTrial] = []

    def put(*, is_shared: bool) -> GangOnTrial:
        gangs.append(GangOnTrial(tmp_path, is_shared=is_shared))
        return gangs[-1]

    yield put
    for gang in gangs:
        gang.clear()


@pytest.mark.long
@pytest.mark.parametrize("is_shared", [True, False], ids=["one-folder", "a-folder-each"])
def test_gang_drains_together_resumes_from_one_whole_checkpoint_and_ends_with_a_dead_rank(
    put_gang: Callable[..., GangOnTrial], is_shared: bool
) -> None:
    gang = put_gang(is_shared=is_shared)
    gang.start(steps=100_000)
    gang.wait_for(lambda: gang.lines("train"))
    gang.runners[1].send_signal(signal.SIGTERM)
    gang.wait_for(lambda: (gang.folder(1) / "verdict").exists())
    gang.runners[0].send_signal(signal.SIGTERM)
    assert gang.ends() == [75, 75], gang.logs()
    kept = gang.lines("checkpoint")[-1]
    for store in gang.stores:
        assert verify(store / kept["name"], kept["manifest_sha256"]) == kept["step"]
    torn = gang.stores[0] / "step_99999999"
    torn.mkdir()
    (torn / "model.pt").write_bytes(b"half of it")

    gang.start(steps=100_000, resume={key: kept[key] for key in ("step", "name", "manifest_sha256")})
    gang.wait_for(lambda: gang.lines("train"))
    assert min(line["step"] for line in gang.lines("train")) > kept["step"]
    rank = next(pid for pid in living_descendants(gang.runners[1].pid) if b"gpu_runtime.runner" in _words(pid))
    os.kill(rank, signal.SIGKILL)
    assert gang.ends() == [1, 1], gang.logs()

    last = gang.lines("checkpoint")[-1] if gang.lines("checkpoint") else kept
    gang.start(steps=last["step"] + 3, resume={key: last[key] for key in ("step", "name", "manifest_sha256")})
    assert gang.ends() == [0, 0], gang.logs()
    receipts = [json.loads((gang.folder(rank) / "receipt.json").read_text()) for rank in (0, 1)]
    assert receipts[0]["result"]["model_sha256"] == receipts[1]["result"]["model_sha256"]
    assert {receipt["work"]["started_at_step"] for receipt in receipts} == {last["step"]}


def _words(pid: int) -> bytes:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    return b"" if b"torch.distributed.run" in words else words


def test_wire_to_the_meeting_place_is_found_by_its_address() -> None:
    assert own_address("127.0.0.1:29500") == "127.0.0.1"
    assert interface_of("127.0.0.1") == "lo"
    assert interface_of("192.0.2.1") is None
