"""The runner killed at steps that a seed chooses ends with the bits of a run that nobody disturbed."""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trainer import runs

pytestmark = pytest.mark.long
SEED = int(os.environ.get("WRIT_SEED", "22112026"))


def _killed(folder: Path, resume: dict[str, Any] | None, at_step: int, **said: Any) -> dict[str, Any] | None:
    """Kill a run once it has written a line of this step or a later one; its last announced checkpoint."""
    runs.write_attempt(folder, resume=resume, **said)
    lines = runs.metrics_as_they_come(folder)
    process = runs.start(folder)
    seen = []
    for line in lines:
        seen.append(line)
        if line["step"] >= at_step:
            process.kill()
    process.communicate()
    assert process.returncode == -9
    announced = [line for line in seen if line["kind"] == "checkpoint"]
    return runs.resume_from(announced[-1]) if announced else resume


@pytest.mark.parametrize("said", [{}, {"precision": "bf16", "accumulate": 2, "schedule": "wsd", "tied": False}])
def test_runner_killed_at_random_steps_ends_bitwise_as_undisturbed(tmp_path: Path, said: dict[str, Any]) -> None:
    said |= {"steps": 40, "checkpoint_every": 3, "evaluate_every": 40}
    whole = runs.write_attempt(tmp_path / "whole" / "run", **said)
    assert runs.run(whole)[0] == 0
    # Steps 1 to 2 leave no checkpoint to go on from, 3 to 33 one; both kinds must end alike.
    picks = sorted(random.Random(SEED).sample(range(1, 34), 2))
    resume = None
    for number, step in enumerate(picks):
        resume = _killed(tmp_path / f"killed{number}", resume, step, **said)
    last = runs.write_attempt(tmp_path / "last", resume=resume, **said)
    assert runs.run(last)[0] == 0, picks
    found, expected = runs.receipt(last), runs.receipt(whole)
    assert found["result"]["model_sha256"] == expected["result"]["model_sha256"], picks
    assert found["result"]["held_out_loss"] == expected["result"]["held_out_loss"]
    assert found["kernels"] == expected["kernels"]
