"""Every GPU row in one go of at most ten minutes: `make bench-gpu`, on a host with an NVIDIA GPU and Triton.

Writes bench/results/gpu.json after each row, so that a run cut short loses nothing. Contenders run in rotating
order, interleaved, and each is timed by CUDA events; a peer that fails is a row with its exception. `--rehearse` runs
all of it on the CPU with a few rows each: its times mean nothing, and it shows that no row breaks.
"""

import argparse
import importlib.metadata
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bench.gpu_groups import GROUPS, ROWS, Group
from bench.gpu_stage import Stage
from bench.gpu_training import contenders, settings
from bench.gpu_training import measured as trained
from kernels import path_taken
from kernels.attention import attention
from kernels.cross_entropy import cross_entropy
from kernels.linear_cross_entropy import linear_cross_entropy
from kernels.rms_norm import add_rms_norm, rms_norm
from kernels.rope import rope, rope_tables
from kernels.swiglu import swiglu

OUT = Path(__file__).resolve().parent / "results" / "gpu.json"
LIMIT_S, MARGIN_S, ROUNDS = 600.0, 60.0, 5
PEERS = ("liger-kernel", "cut-cross-entropy", "triton")
# A peer's fault is a row of the table; anything else is ours and ends the run.
FAULTS = (RuntimeError, ValueError, TypeError, ImportError, AttributeError, AssertionError)
Report = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Measure everything there is time for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", default="", help="beginnings of rows' names, separated by commas")
    parser.add_argument("--rehearse", action="store_true", help="a few rows on the CPU; writes nothing but --out")
    wanted = parser.parse_args(arguments)
    if not wanted.rehearse and not torch.cuda.is_available():
        sys.stderr.write("bench-gpu: no NVIDIA GPU here; nothing was measured.\n")
        return 1
    stage = Stage("cpu", is_rehearsal=True) if wanted.rehearse else Stage("cuda")
    if wanted.rehearse and wanted.out == OUT:
        parser.error("--rehearse needs an --out of its own: what it writes are no measurements")
    run(stage, wanted.out, tuple(wanted.only.split(",")))
    return 0


def run(stage: Stage, out: Path, only: tuple[str, ...]) -> Report:
    """Ceilings, correctness, each operation, end to end, ceilings again."""
    began = time.monotonic()
    report: Report = {"environment": environment(stage), "ceilings": ceilings(stage), "rows": {}, "left_out": []}
    report["correctness"] = correctness(stage)
    for name, measure in _rows(stage, report, only):
        if time.monotonic() - began > LIMIT_S - MARGIN_S:
            report["left_out"].append(name)
            continue
        report["rows"][name] = measure()
        print(json.dumps({name: report["rows"][name]}), flush=True)
        _write(out, report)
        stage.empty_cache()
    report["ceilings_at_the_end"] = ceilings(stage)
    report["seconds"] = round(time.monotonic() - began, 1)
    _write(out, report)
    return report


def _rows(stage: Stage, report: Report, only: tuple[str, ...]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every row's name and what measures it: operations first, then end to end, one contender a row."""
    for make in GROUPS:
        try:
            for group in make(stage):
                if group.name.startswith(only):
                    yield group.name, lambda group=group: measured(group, stage, report["ceilings"])
        except FAULTS as fault:
            report["rows"][make.__name__] = {"fault": repr(fault)[:300]}
    chip = report["environment"]["device"]
    for setting in settings(stage):
        for name, maker in contenders(setting, stage).items():
            row = f"end_to_end_{setting.name}_{name}"
            if row.startswith(only):
                yield row, lambda setting=setting, maker=maker: _trained(setting, maker, stage, chip)


def _trained(setting: Any, maker: Any, stage: Stage, chip: str) -> dict[str, Any]:
    try:
        return trained(setting, maker, stage, chip)
    except FAULTS as fault:
        return {"fault": repr(fault)[:300]}


def environment(stage: Stage) -> dict[str, Any]:
    """Device, versions and the paths taken."""
    said: dict[str, Any] = {"device": "CPU, a rehearsal: no time here is a measurement", "memory_gib": None}
    if stage.device == "cuda":
        device = torch.cuda.get_device_properties(0)
        said = {"device": device.name, "memory_gib": round(device.total_memory / 2**30, 1)}
    return said | {
        "torch": torch.__version__, "cuda": torch.version.cuda, "paths": path_taken(stage.device),
        "peers": {name: _version(name) for name in PEERS}, "at": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
    }  # fmt: skip


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def ceilings(stage: Stage) -> dict[str, float]:
    """What this device reaches: copy bandwidth (read and write) in B/s, and bf16 products in FLOP/s, random data."""
    count, edge = stage.size(1 << 28, 1 << 12), stage.size(8192, 64)
    source, a, b = stage.random(count), stage.random(edge, edge), stage.random(edge, edge)
    target = torch.empty_like(source)
    copy_ms, product_ms = (
        stage.milliseconds(work, stage.size(20, 2)) for work in (lambda: target.copy_(source), lambda: a @ b)
    )  # fmt: skip
    return {
        "copy_bytes_per_s": 4 * count / copy_ms * 1e3, "matmul_flops_per_s": 2 * edge**3 / product_ms * 1e3
    }  # fmt: skip


def correctness(stage: Stage) -> dict[str, Any]:
    """Our GPU result beside the float64 reference on the same rounded inputs, largest relative error an output."""
    torch.manual_seed(2)
    x, weight, target = stage.random(257, 1000), stage.random(1000), torch.randint(1000, (257,), device=stage.device)
    q, k = stage.random(2, 33, 4, 64), stage.random(2, 33, 2, 64)
    tables = tuple(table.to(stage.device) for table in rope_tables(33, 64))
    target[::5] = -100
    calls = {
        "rms_norm": (rms_norm, ROWS["rms_norm"].reference, (x, weight), (1e-5,)),
        "add_rms_norm": (add_rms_norm, ROWS["add_rms_norm"].reference, (x, x * 0.5, weight), (1e-5,)),
        "rope": (rope, ROWS["rope"].reference, (q, k), tables),
        "attention": (attention, ROWS["attention"].reference, (q, k, k.flip(1)), ()),
        "swiglu": (swiglu, ROWS["swiglu"].reference, (x, x.flip(0)), ()),
        "cross_entropy": (cross_entropy, ROWS["cross_entropy"].reference, (x,), (target,)),
        "linear_cross_entropy": (
            linear_cross_entropy, ROWS["linear_cross_entropy"].reference, (x, torch.randn_like(x)), (target % 257,)
        ),
    }  # fmt: skip
    return {name: _errors(*call) for name, call in calls.items()}


def _errors(ours: Any, reference: Any, tensors: tuple[Tensor, ...], constants: tuple[Any, ...]) -> list[float] | str:
    try:
        found = _with_gradients(ours, tensors, constants)
    except FAULTS as fault:
        return repr(fault)[:300]
    expected = _with_gradients(reference, tuple(t.double() for t in tensors), constants)
    return [
        float((a.double() - b).abs().max() / b.abs().max().clamp(min=1e-30))
        for a, b in zip(found, expected, strict=True)
    ]


def _with_gradients(function: Any, tensors: tuple[Tensor, ...], constants: tuple[Any, ...]) -> list[Tensor]:
    inputs = [tensor.detach().requires_grad_() for tensor in tensors]
    out = function(*inputs, *constants)
    outs = [out] if isinstance(out, Tensor) else list(out)
    gradients = torch.autograd.grad(
        sum(o.float().sum() if o.dtype == torch.bfloat16 else o.sum() for o in outs), inputs
    )
    return [*(o.detach() for o in outs), *gradients]


def measured(group: Group, stage: Stage, reached: dict[str, float]) -> dict[str, Any]:
    """Milliseconds of GPU time and of the host, peak memory, and the share of the floor's speed, by contender."""
    row: dict[str, Any] = {
        "shape": group.shape, "goal": group.goal, "floor_ms": round(_floor_ms(group, reached), 5), "contenders": {}
    }  # fmt: skip
    times: dict[str, list[float]] = {}
    for name, work in group.contenders.items():
        fault = _warmed(work, stage)
        row["contenders"][name] = {"fault": fault} if fault else {"peak_gib": stage.peak_gib(work)}
        if not fault:
            times[name] = []
    names = list(times)
    repeats = max(3, min(50, int(40 / max(row["floor_ms"], 0.05)))) if not stage.is_rehearsal else 2
    for turn in range(ROUNDS):
        shift = turn % max(1, len(names))
        for name in names[shift:] + names[:shift]:
            times[name].append(stage.milliseconds(group.contenders[name], repeats))
    for name, taken in times.items():
        ms = statistics.median(taken)
        row["contenders"][name] |= {
            "gpu_ms": round(ms, 4), "host_us": round(stage.host_us(group.contenders[name], repeats), 1),
            "of_floor": round(row["floor_ms"] / ms, 3),
        }  # fmt: skip
    return row


def _floor_ms(group: Group, reached: dict[str, float]) -> float:
    """The least time by what this very device was measured to reach."""
    total = 0.0
    for direction in group.directions:
        flops, moved = ROWS[group.op].floors[direction](group.shape)
        total += max(flops / reached["matmul_flops_per_s"], moved / reached["copy_bytes_per_s"])
    return total * 1e3


def _warmed(work: Callable[[], Any], stage: Stage) -> str:
    """Run it a few times (this compiles). Returns the exception where it fails: such a peer is a row too."""
    try:
        for _ in range(3):
            work()
        stage.wait()
    except FAULTS as fault:
        return repr(fault)[:300]
    return ""


def _write(path: Path, report: Report) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
