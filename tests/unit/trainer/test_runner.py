"""The real runner process: done, drained, killed, resumed, refused."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trainer import runs


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody disturbed."""
    folder = runs.write_attempt(tmp_path_factory.mktemp("whole") / "run")
    code, _, errors = runs.run(folder)
    assert (code, errors) == (0, "")
    return folder


def test_runner_undisturbed_reports_all_that_its_contract_names(whole: Path) -> None:
    lines = runs.metrics(whole)
    assert [line["step"] for line in lines if line["kind"] == "train"] == [5, 10, 15, 20]
    assert [line["step"] for line in lines if line["kind"] == "eval"] == [10, 20]
    assert [line["name"] for line in lines if line["kind"] == "checkpoint"] == [
        "step_00000005", "step_00000010", "step_00000015", "step_00000020"
    ]  # fmt: skip
    assert all(line["loss"] > 0 and line["tokens_per_s"] > 0 for line in lines if line["kind"] == "train")


def test_runner_undisturbed_leaves_a_receipt(whole: Path) -> None:
    receipt = runs.receipt(whole)
    assert receipt["outcome"] == "succeeded"
    assert receipt["emulated"] is True
    assert receipt["devices"] == [runs.DEVICE]
    assert "no GPU took part" in receipt["computed_on"]
    assert receipt["kernels"].keys() >= {"rms_norm", "rope", "swiglu", "linear_cross_entropy", "adamw"}
    assert receipt["work"]["steps"] == 20
    assert receipt["work"]["flops_counted"] > 0
    assert receipt["result"]["held_out_at_step"] == 20
    assert 3.0 < receipt["data"]["held_out_bigram_entropy_bits"] < 4.0


@pytest.mark.parametrize(("sign", "after", "code"), [(signal.SIGTERM, 5, 75), (signal.SIGKILL, 10, -9)])
def test_runner_stopped_and_resumed_ends_bitwise_as_undisturbed(
    whole: Path, tmp_path: Path, sign: signal.Signals, after: int, code: int
) -> None:
    first = runs.write_attempt(tmp_path / "first")
    lines = runs.metrics_as_they_come(first)
    process = runs.start(first)
    seen = _until(lines, "checkpoint", after)
    process.send_signal(sign)
    seen += list(lines)
    process.communicate()
    assert process.returncode == code
    last = [line for line in seen if line["kind"] == "checkpoint"][-1]
    second = runs.write_attempt(tmp_path / "second", resume=runs.resume_from(last))
    assert runs.run(second)[0] == 0
    assert runs.receipt(second)["result"]["model_sha256"] == runs.receipt(whole)["result"]["model_sha256"]
    assert runs.receipt(second)["work"]["started_at_step"] == last["step"]
    assert _evaluations(runs.metrics(second))[-1] == _evaluations(runs.metrics(whole))[-1]


def test_runner_stopped_saves_the_step_it_stops_at(tmp_path: Path) -> None:
    folder = runs.write_attempt(tmp_path / "run", steps=100_000, checkpoint_every=1_000_000, evaluate_every=1_000_000)
    lines = runs.metrics_as_they_come(folder)
    process = runs.start(folder)
    _until(lines, "train", 5)
    process.terminate()
    rest = list(lines)
    out, _ = process.communicate()
    assert process.returncode == 75
    assert rest[-1]["kind"] == "checkpoint"
    assert f"after step {rest[-1]['step']} of 100000" in out
    assert runs.receipt(folder)["outcome"] == "drained"
    assert (tmp_path / "checkpoints" / rest[-1]["name"] / "manifest.json").exists()


def test_runner_stopped_in_an_evaluation_ends_without_finishing_it(tmp_path: Path) -> None:
    folder = runs.write_attempt(tmp_path / "run", evaluate_every=5, layers=16, context=2048, batch=1, warmup_steps=0)
    lines = runs.metrics_as_they_come(folder)
    process = runs.start(folder)
    _until(lines, "checkpoint", 5)  # written just before the evaluation of its step
    process.terminate()
    rest = list(lines)
    process.communicate()
    assert process.returncode == 75
    assert [line["kind"] for line in rest if line["kind"] == "eval"] == []


def test_runner_stopped_after_its_last_step_evaluates_when_resumed(whole: Path, tmp_path: Path) -> None:
    last = [line for line in runs.metrics(whole) if line["kind"] == "checkpoint"][-1]
    folder = tmp_path / "run"
    runs.write_attempt(folder, resume=runs.resume_from(last))
    attempt = json.loads((folder / "attempt.json").read_bytes())
    attempt["checkpoint_dir"] = str(whole.parent / "checkpoints")
    (folder / "attempt.json").write_text(json.dumps(attempt))
    assert runs.run(folder)[0] == 0
    assert _evaluations(runs.metrics(folder)) == _evaluations(runs.metrics(whole))[-1:]


def test_runner_told_to_resume_from_an_altered_checkpoint_refuses_and_names_it(tmp_path: Path) -> None:
    assert runs.run(runs.write_attempt(tmp_path / "first"))[0] == 0
    last = [line for line in runs.metrics(tmp_path / "first") if line["kind"] == "checkpoint"][-1]
    path = tmp_path / "checkpoints" / last["name"] / "model.pt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    code, _, errors = runs.run(runs.write_attempt(tmp_path / "second", resume=runs.resume_from(last)))
    assert code == 1
    assert errors == (
        "The checkpoint to resume from was refused."
        " step_00000020: model.pt does not match its SHA-256 in the manifest.\n"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 0}, "steps: must be from 1"),
        ({"data": "web"}, "the data sources are"),
        ({"x": 1}, "no field of train-lm"),
    ],
)
def test_runner_given_a_bad_section_exits_2_with_one_line(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    code, out, errors = runs.run(runs.write_attempt(tmp_path / "run", **changes))
    assert (code, out, errors.count("\n")) == (2, "", 1)
    assert words in errors


def test_runner_in_the_environment_of_other_devices_exits_2(tmp_path: Path) -> None:
    code, _, errors = runs.run(runs.write_attempt(tmp_path / "run"), devices="EMU-0002")
    assert code == 2
    assert "WRIT_DEVICES is 'EMU-0002'" in errors


def test_runner_without_an_attempt_exits_2(tmp_path: Path) -> None:
    assert runs.run(tmp_path)[0] == 2
    assert "attempt.json is missing" in runs.run(tmp_path)[2]
    assert "Usage" in runs.run(tmp_path / "absent")[2]


def _until(lines: Iterator[dict[str, Any]], kind: str, step: int) -> list[dict[str, Any]]:
    seen = []
    for line in lines:
        seen.append(line)
        if line["kind"] == kind and line["step"] >= step:
            return seen
    raise AssertionError(f"the run ended before its {kind} line of step {step}: {seen}")


def _evaluations(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["kind"] == "eval"]
