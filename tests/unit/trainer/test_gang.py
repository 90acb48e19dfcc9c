"""Two processes over gloo take the steps of one: copies (DDP) and shards (FSDP2), whole and resumed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gpu_runtime.trainer.gang import Gang
from gpu_runtime.trainer.refusals import CannotShare
from gpu_runtime.trainer.training import Place
from tests.unit.trainer.runs import ROOT

SCRIPT = "tests.unit.trainer.gang_steps"
pytestmark = pytest.mark.long


def _steps(folder: Path, processes: int, mode: str = "whole", **changes: object) -> list[dict[str, Any]]:
    launch = [] if processes == 1 else ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *launch, "-m", SCRIPT, str(folder), json.dumps(changes), mode]
    environment = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return sorted(lines, key=lambda line: int(line["rank"]))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process comes to."""
    return _steps(tmp_path_factory.mktemp("alone"), 1)[0]


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_gang_of_two_takes_the_steps_of_one_and_resumes_bit_by_bit(
    tmp_path: Path, alone: dict[str, Any], parallel: str
) -> None:
    first, second = _steps(tmp_path, 2, parallel=parallel)
    assert first["losses"] == second["losses"]
    assert first["losses"] == pytest.approx(alone["losses"], rel=2e-5)
    assert first["held_out"] == second["held_out"] == pytest.approx(alone["held_out"], rel=2e-5)
    assert first["digest"] == second["digest"]
    resumed = _steps(tmp_path, 2, "resume", parallel=parallel)[0]
    assert resumed["losses"] == first["losses"][3:]
    assert resumed["digest"] == first["digest"]


def test_gang_in_parts_and_bfloat16_takes_the_steps_of_one(tmp_path: Path) -> None:
    said: dict[str, Any] = {"precision": "bf16", "accumulate": 2}
    one = _steps(tmp_path / "one", 1, **said)[0]
    for parallel in ("ddp", "fsdp"):
        two = _steps(tmp_path / parallel, 2, parallel=parallel, **said)[0]
        assert two["losses"] == pytest.approx(one["losses"], rel=2e-2)


def test_checkpoint_of_a_sharded_gang_read_by_one_process(tmp_path: Path, alone: dict[str, Any]) -> None:
    _steps(tmp_path, 2, parallel="fsdp")
    resumed = _steps(tmp_path, 1, "resume")[0]
    assert resumed["losses"] == pytest.approx(alone["losses"][3:], rel=2e-5)


def test_gang_that_cannot_share_a_step_evenly_refused() -> None:
    from tests.unit.trainer.test_training import CORPUS, Training, _config

    with pytest.raises(CannotShare, match=r"batch \(4\) must be a multiple of 3 processes x accumulate \(1\)"):
        Training(_config(), CORPUS, Place(torch.device("cpu"), Gang(0, 3)))


def test_gang_read_from_what_torchrun_says() -> None:
    assert Gang.from_environment({}) == Gang(0, 1, 0)
    gang = Gang.from_environment({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"})
    assert (gang.rank, gang.size, gang.local_rank, gang.leads, gang.is_alone) == (5, 8, 1, False, False)
    assert gang.share_of(torch.arange(16)).tolist() == [10, 11]
