"""The runner on a host's data set and a host's model: a fine-tune from end to end, and what its receipt says."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from gpu_runtime.trainer.exchange import load_weights, read_model, save_model
from gpu_runtime.trainer.model import Transformer
from gpu_runtime.trainer.prepare import prepare
from gpu_runtime.trainer.shape import ModelShape
from tests.unit.trainer import runs
from tests.unit.trainer.sources import write_sources

SHAPE = ModelShape(vocabulary=256, layers=1, d_model=32, heads=2, kv_heads=1, hidden=80, context=64, tied=False)
FITTING: dict[str, Any] = {"data": "dataset:words", "start_from": "tiny", "steps": 30, "learning_rate": "0.01"}


@pytest.fixture
def host(tmp_path: Path) -> dict[str, str]:
    """The folders of a host that keeps a data set and a model, as the runner is told of them."""
    prepare(tmp_path / "data" / "words", sorted(write_sources(tmp_path / "texts", files=8).iterdir()))
    torch.manual_seed(3)
    weights = {name: tensor.detach() for name, tensor in Transformer(SHAPE).state_dict().items()}
    (tmp_path / "models").mkdir()
    save_model(tmp_path / "models" / "tiny", SHAPE, weights, torch.float32)
    return {"WRIT_DATASETS": str(tmp_path / "data"), "WRIT_MODELS": str(tmp_path / "models")}


def test_runner_fine_tunes_a_model_of_the_host_and_exports_it(host: dict[str, str], tmp_path: Path) -> None:
    folder = runs.write_attempt(tmp_path / "run", **FITTING, export=True)
    code, _, errors = runs.run(folder, **host)
    assert (code, errors) == (0, "")
    receipt, lines = runs.receipt(folder), runs.metrics(folder)
    losses = [line["held_out_loss"] for line in lines if line["kind"] == "eval"]
    assert losses[-1] < 0.8 * losses[0]
    assert receipt["model"]["started_from"].startswith("tiny, SHA-256 ")
    description = Path(host["WRIT_DATASETS"]) / "words" / "dataset.json"
    assert receipt["data"]["train_tokens"] == json.loads(description.read_text())["train"]["tokens"]
    assert receipt["data"]["is_hashed"] is True
    exported = read_model(tmp_path / "checkpoints" / "huggingface")
    tuned, first = load_weights(exported), load_weights(read_model(Path(host["WRIT_MODELS"]) / "tiny"))
    assert exported.shape.hidden == SHAPE.hidden
    assert not torch.equal(tuned["output.weight"], first["output.weight"])
    last = torch.load(tmp_path / "checkpoints" / "step_00000030" / "model.pt", weights_only=True)
    assert all(torch.equal(tensor, last[name]) for name, tensor in tuned.items())


def test_runner_receipt_says_paths_speed_and_what_was_not_measured(host: dict[str, str], tmp_path: Path) -> None:
    folder = runs.write_attempt(tmp_path / "run", **FITTING)
    assert runs.run(folder, WRIT_KERNEL_PATH="torch", **host)[0] == 0
    receipt = runs.receipt(folder)
    assert receipt["kernels"]["swiglu"] == "torch-chunked"
    assert receipt["kernel_notes"] == ["WRIT_KERNEL_PATH=torch: the chunked torch path serves the CPU."]
    assert receipt["kernel_configurations"] == {}
    assert receipt["speed"]["tokens_per_s"] > 0
    assert receipt["speed"]["of_matmul_ceiling"] > 0
    assert "a CPU stands for it" in receipt["speed"]["mfu_not_stated"]
    assert receipt["speed"]["energy_not_measured"] == "no GPU takes part"
    assert receipt["versions"].keys() == {"python", "torch", "cuda", "triton", "safetensors", "system"}
    assert receipt["model"]["parallel"] == "one process"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start_from": "other"}, "There is no model 'other' here"),
        ({"data": "dataset:other"}, "This host keeps no data set 'other'"),
        ({"layers": 2}, "tiny is of another size than the section says; write layers: 1."),
    ],
)
def test_runner_asked_for_what_the_host_lacks_says_so_in_a_line(
    host: dict[str, str], tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    code, _, errors = runs.run(runs.write_attempt(tmp_path / "run", **(FITTING | changes)), **host)
    assert (code, errors.count("\n")) == (1, 1)
    assert words in errors


def test_runner_resumed_without_the_model_it_began_from_says_so(host: dict[str, str], tmp_path: Path) -> None:
    folder = runs.write_attempt(tmp_path / "run", **FITTING)
    assert runs.run(folder, **host)[0] == 0
    first = next(line for line in runs.metrics(folder) if line["kind"] == "checkpoint")
    shutil.rmtree(Path(host["WRIT_MODELS"]) / "tiny")
    again = runs.write_attempt(tmp_path / "again", resume=runs.resume_from(first), **FITTING)
    assert "There is no model 'tiny' here" in runs.run(again, **host)[2]
