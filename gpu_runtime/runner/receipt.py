"""What a run leaves behind as its account: what ran, on what, and how it ended."""

import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from gpu_runtime.runner.devices import describe
from gpu_runtime.runner.run import Run
from gpu_runtime.trainer.evaluation import bits
from gpu_runtime.trainer.training import computing_dtype
from gpu_runtime.trainer.work import FORMULA, flops_per_token
from kernels.registry import configurations, implementations_taken, notes

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("gpu_runtime/runner", "gpu_runtime/trainer", "gpu_runtime/checkpoints", "kernels")


def make_receipt(run: Run, outcome: str, message: str, wall_ms: int) -> dict[str, Any]:
    """The whole account of a run.

    Args:
        run: as it stands at its end.
        outcome: "succeeded", "drained" or "failed".
        message: why, in a sentence; empty where it succeeded.
        wall_ms: from the process's start.
    """
    return {
        "v": 1,
        "outcome": outcome,
        "message": message,
        "wall_ms": wall_ms,
        "code_sha256": code_sha256(),
        "spec_sha256": spec_sha256(run.attempt.spec),
        "config": run.attempt.config.to_spec(),
        "kernels": implementations_taken(run.training.device.type),
        "kernel_configurations": configurations(run.training.device.type),
        "kernel_notes": notes(run.training.device.type),
        "versions": versions(),
        **describe(run.attempt),
        "data": _data(run),
        "model": _model(run),
        "work": _work(run),
        "speed": run.meter.account(run.window.overall_tokens_per_s),
        "result": _result(run),
    }


def code_sha256() -> str:
    """SHA-256 over every Python file that a training runs, in path order."""
    total = hashlib.sha256()
    for folder in CODE_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            total.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def spec_sha256(spec: Mapping[str, Any]) -> str:
    """SHA-256 of the spec's canonical JSON (which holds no floating-point number and only ASCII keys)."""
    content = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def versions() -> dict[str, str]:
    """Interpreter, torch, what it was built for, Triton and system."""
    return {
        "python": platform.python_version(), "torch": torch.__version__, "cuda": torch.version.cuda or "none",
        "triton": _version("triton"), "safetensors": _version("safetensors"), "system": platform.platform(),
    }  # fmt: skip


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def write_receipt(run_dir: Path, receipt: Mapping[str, Any]) -> None:
    """Write RUN_DIR/receipt.json so that it is either absent or whole."""
    aside = run_dir / "receipt.json.incomplete"
    aside.write_text(json.dumps(receipt, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(aside, run_dir / "receipt.json")


def _data(run: Run) -> dict[str, Any]:
    corpus = run.corpus
    return {
        "source": run.attempt.config.data,
        "sha256": corpus.digest,
        "train_files": corpus.train_files,
        "train_tokens": corpus.train.numel(),
        "held_out_files": corpus.held_out_files,
        "held_out_tokens": corpus.held_out.numel(),
        "is_hashed": corpus.is_hashed,
        "vocabulary": corpus.vocabulary,
    } | ({} if run.bigram_bits is None else {"held_out_bigram_entropy_bits": round(run.bigram_bits, 6)})


def _model(run: Run) -> dict[str, Any]:
    config, training = run.attempt.config, run.training
    return {
        "computed_in": str(computing_dtype(config, training.device)).removeprefix("torch."),
        "processes": run.gang.size,
        "parallel": "one process" if run.gang.is_alone else config.parallel or "ddp",
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "started_from": run.origin or "random numbers of the seed",
    }


def _work(run: Run) -> dict[str, Any]:
    config, progress = run.attempt.config, run.progress
    steps = run.training.step - progress.started_at_step
    return {
        "started_at_step": progress.started_at_step,
        "steps": run.training.step,
        "steps_asked": config.steps,
        "tokens_trained": steps * config.tokens_per_step,
        "flops_per_step": config.tokens_per_step * flops_per_token(run.training.shape),
        "flops_counted": steps * config.tokens_per_step * flops_per_token(run.training.shape),
        "flops_formula": FORMULA,
        "parameters": sum(parameter.numel() for parameter in run.training.model.parameters()),
    }


def _result(run: Run) -> dict[str, Any]:
    progress = run.progress
    result: dict[str, Any] = {"model_sha256": run.training.digest(), "loss": progress.loss}
    if progress.held_out_loss is not None:
        held_out_bits = bits(progress.held_out_loss) * run.corpus.tokens_per_byte
        result |= {
            "held_out_loss": round(progress.held_out_loss, 6),
            "held_out_at_step": progress.evaluated_step,
            "held_out_bits_per_byte": round(held_out_bits, 6),
        }
        if run.bigram_bits is not None:
            result["held_out_over_bigram_entropy"] = round(held_out_bits / run.bigram_bits, 6)
    return result
