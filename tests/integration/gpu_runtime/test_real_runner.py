"""Agent, guard and the real runner together: train, drain to a checkpoint, go on from it under a new token."""

import pytest

from gpu_runtime.protocol.messages import Resume
from tests.integration.gpu_runtime.control_plane import SmallControlPlane
from tests.integration.gpu_runtime.hosts import AgentOnTrial

SPEC = {
    "name": "tiny",
    "filing": "FIL-2026-00001",
    "chip": "h200-sxm",
    "devices": 1,
    "time_limit_ms": 600_000,
    "train_lm": {
        "data": "python-stdlib",
        "layers": 1,
        "d_model": 16,
        "heads": 2,
        "kv_heads": 1,
        "context": 16,
        "batch": 2,
        "steps": 100_000,
        "learning_rate": "0.003",
        "warmup_steps": 10,
        "seed": 1,
        "evaluate_every": 100_000,
        "checkpoint_every": 100_000,
    },
}


@pytest.mark.slow
def test_job_drained_goes_on_from_its_checkpoint(agent: AgentOnTrial, plane: SmallControlPlane) -> None:
    plane.ttl_ms, plane.grace_ms, plane.renew_interval_ms = 30_000, 8_000, 500
    agent.runner = None
    agent.start()
    first = plane.place(spec=SPEC, window_ms=20_000)
    plane.wait_for(lambda: any("loss" in line for line in first.loss) or first.end, seconds=90)
    assert first.end is None, first.end
    first.answer = "drain"
    end = plane.wait_for(lambda: first.end, seconds=40)
    assert (end.outcome, end.exit_code) == ("drained", 75), end
    kept = first.checkpoints[-1]
    resume = Resume(kept.step, kept.name, kept.manifest_sha256)
    second = plane.place(spec=SPEC, fencing_token=8, resume=resume, window_ms=20_000)
    plane.wait_for(lambda: any("loss" in line for line in second.loss) or second.end, seconds=90)
    assert second.end is None, second.end
    steps = [line["step"] for line in second.loss if "loss" in line]
    assert min(steps) > kept.step
    second.answer = "stop"
    assert plane.wait_for(lambda: second.end, seconds=40).outcome == "killed"
