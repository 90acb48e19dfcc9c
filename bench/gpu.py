"""Every GPU row in one go of at most ten minutes: `make bench-gpu`, on a host with an NVIDIA GPU and Triton.

Writes bench/results/gpu.json after each group, so that a run cut short loses nothing. Contenders run in rotating
order, interleaved, and each is timed by CUDA events; a peer that fails is a row with its exception.
"""

import argparse
import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from kernels import path_taken
from kernels.adamw import AdamWSettings, AdamWTensors, adamw
from kernels.attention import attention
from kernels.cross_entropy import cross_entropy, cross_entropy_
from kernels.linear_cross_entropy import linear_cross_entropy
from kernels.registry import REGISTRY
from kernels.rms_norm import add_rms_norm, rms_norm
from kernels.rope import rope, rope_tables
from kernels.swiglu import swiglu

OUT = Path(__file__).resolve().parent / "results" / "gpu.json"
LIMIT_S, ROUNDS = 600.0, 5
BANDWIDTH, MATMUL = 4.3e12, 0.785e15  # what an H200 was seen to reach; the run measures both again
ROWS = {row.name: row for row in REGISTRY}
BF16 = torch.bfloat16


@dataclass(frozen=True)
class Group:
    """One row: whose work is compared, and the shape that its floor is counted from."""

    name: str
    op: str
    shape: dict[str, int]
    directions: tuple[str, ...]
    contenders: dict[str, Callable[[], Any]]


def main() -> int:
    """Measure everything there is time for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", default="", help="names of groups, separated by commas")
    wanted = parser.parse_args()
    if not torch.cuda.is_available():
        sys.stderr.write("bench-gpu: no NVIDIA GPU here; nothing was measured.\n")
        return 1
    began = time.monotonic()
    report: dict[str, Any] = {"environment": environment(), "ceilings": ceilings(), "correctness": {}, "rows": {}}
    report["correctness"] = correctness()
    for make in (_norms, _swiglu, _rope, _losses, _linear, _adamw, _attention, _end_to_end):
        if time.monotonic() - began > LIMIT_S * 0.85:
            report["left_out"] = [*report.get("left_out", []), make.__name__.strip("_")]
            continue
        for group in _made(make, report):
            if not wanted.only or group.name in wanted.only.split(","):
                report["rows"][group.name] = measured(group)
                print(json.dumps({group.name: report["rows"][group.name]}), flush=True)
                _write(wanted.out, report)
        torch.cuda.empty_cache()
    report["ceilings_at_the_end"] = ceilings()
    report["seconds"] = round(time.monotonic() - began, 1)
    _write(wanted.out, report)
    return 0


def environment() -> dict[str, Any]:
    """Device, versions and the paths taken."""
    device = torch.cuda.get_device_properties(0)
    return {
        "device": device.name, "memory_gib": round(device.total_memory / 2**30, 1), "torch": torch.__version__,
        "cuda": torch.version.cuda, "paths": path_taken("cuda"), "at": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
    }  # fmt: skip


def ceilings() -> dict[str, float]:
    """What this device reaches: copy bandwidth (read and write) in TB/s, and bf16 products in TFLOP/s, random data."""
    source = torch.randn(1 << 28, device="cuda", dtype=BF16)
    target = torch.empty_like(source)
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=BF16) for _ in range(2))
    copy_ms, product_ms = _event_ms(lambda: target.copy_(source), 20), _event_ms(lambda: a @ b, 20)
    return {
        "copy_tb_s": round(4 * source.numel() / copy_ms / 1e9, 3),
        "matmul_tflop_s": round(2 * 8192**3 / product_ms / 1e9, 1),
    }


def correctness() -> dict[str, Any]:
    """Our GPU result beside the float64 reference on the same rounded inputs, largest relative error an output."""
    torch.manual_seed(2)
    x, weight = torch.randn(257, 1000, device="cuda", dtype=BF16), torch.randn(1000, device="cuda", dtype=BF16)
    target = torch.randint(1000, (257,), device="cuda")
    target[::5] = -100
    calls = {
        "rms_norm": (rms_norm, ROWS["rms_norm"].reference, (x, weight), (1e-5,)),
        "add_rms_norm": (add_rms_norm, ROWS["add_rms_norm"].reference, (x, x * 0.5, weight), (1e-5,)),
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
    except (RuntimeError, ValueError) as fault:
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
    gradients = torch.autograd.grad(sum(o.float().sum() if o.dtype == BF16 else o.sum() for o in outs), inputs)
    return [*(o.detach() for o in outs), *gradients]


def measured(group: Group) -> dict[str, Any]:
    """Milliseconds of GPU time and of the host, peak memory, and the share of the floor's speed, by contender."""
    row: dict[str, Any] = {"shape": group.shape, "floor_ms": round(_floor_ms(group), 4), "contenders": {}}
    times: dict[str, list[float]] = {}
    for name, work in group.contenders.items():
        fault = _warmed(work)
        row["contenders"][name] = {"fault": fault} if fault else {"peak_gib": _peak_gib(work)}
        if not fault:
            times[name] = []
    names = list(times)
    for turn in range(ROUNDS):
        for name in names[turn % max(1, len(names)) :] + names[: turn % max(1, len(names))]:
            times[name].append(_event_ms(group.contenders[name], _repeats(row["floor_ms"])))
    for name, taken in times.items():
        ms = statistics.median(taken)
        row["contenders"][name] |= {
            "gpu_ms": round(ms, 4), "host_us": round(_host_us(group.contenders[name]), 1),
            "of_floor": round(row["floor_ms"] / ms, 3),
        }  # fmt: skip
    return row


def _floor_ms(group: Group) -> float:
    total = 0.0
    for direction in group.directions:
        flops, moved = ROWS[group.op].floors[direction](group.shape)
        total += max(flops / MATMUL, moved / BANDWIDTH)
    return total * 1e3


def _repeats(floor_ms: float) -> int:
    return max(3, min(50, int(40 / max(floor_ms, 0.05))))


def _warmed(work: Callable[[], Any]) -> str:
    """Run it a few times (this compiles). Returns the exception where it fails: such a peer is a row too."""
    try:
        for _ in range(3):
            work()
        torch.cuda.synchronize()
    except (RuntimeError, ValueError, TypeError, ImportError, AttributeError) as fault:
        return repr(fault)[:300]
    return ""


def _peak_gib(work: Callable[[], Any]) -> float:
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    torch.cuda.synchronize()
    return round((torch.cuda.max_memory_allocated() - before) / 2**30, 3)


def _event_ms(work: Callable[[], Any], repeats: int) -> float:
    """Median of single calls, the L2 cache emptied before each."""
    flush = torch.empty(1 << 26, dtype=torch.int32, device="cuda")
    pairs = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(repeats)]
    for start, end in pairs:
        flush.zero_()
        start.record()
        work()
        end.record()
    torch.cuda.synchronize()
    return statistics.median(start.elapsed_time(end) for start, end in pairs)


def _host_us(work: Callable[[], Any]) -> float:
    """What a call costs the host until it returns."""
    taken = []
    for _ in range(20):
        torch.cuda.synchronize()
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1e6)
    torch.cuda.synchronize()
    return statistics.median(taken)


def _made(make: Callable[[], Iterator[Group]], report: dict[str, Any]) -> Iterator[Group]:
    try:
        yield from make()
    except (RuntimeError, ValueError, ImportError, AttributeError) as fault:
        report["rows"][make.__name__.strip("_")] = {"fault": repr(fault)[:300]}


def _both(function: Callable[..., Any], inputs: tuple[Tensor, ...], pulled: Any) -> Callable[[], Any]:
    def work() -> None:
        out = function(*inputs)
        torch.autograd.backward(out, pulled)
        for tensor in inputs:
            tensor.grad = None

    return work


def _liger(name: str) -> Callable[..., Any] | None:
    """One of Liger's functions, where its wheel is installed."""
    if importlib.util.find_spec("liger_kernel") is None:
        return None
    from liger_kernel.transformers import functional as liger

    return getattr(liger, name, None)


def _contend(plain: Any, ours: Any, inputs: tuple[Tensor, ...], pulled: Any, liger: Any = None) -> dict[str, Any]:
    functions = {"eager": plain, "compile": torch.compile(plain), "ours": ours}
    if liger is not None:
        functions["liger"] = liger
    return {name: _both(function, inputs, pulled) for name, function in functions.items()}


def _leaf(*shape: int) -> Tensor:
    return torch.randn(*shape, device="cuda", dtype=BF16).requires_grad_()


def _norms() -> Iterator[Group]:
    rows, width = 32768, 4096
    x, residual, weight = _leaf(rows, width), _leaf(rows, width), _leaf(width)
    pulled = torch.randn(rows, width, device="cuda", dtype=BF16)
    shape = {"M": rows, "H": width, "e": 2}

    def norm(x: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(x, (width,), weight, 1e-5)

    def add_norm(x: Tensor, residual: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm(x + residual, weight), x + residual

    both = ("forward", "backward")
    liger = _liger("liger_rms_norm")
    peer = None if liger is None else lambda x, w: liger(x, w, 1e-5)
    yield Group("rms_norm", "rms_norm", shape, both, _contend(norm, rms_norm, (x, weight), pulled, peer))
    yield Group(
        "add_rms_norm", "add_rms_norm", shape, both,
        _contend(add_norm, add_rms_norm, (x, residual, weight), (pulled, pulled)),
    )  # fmt: skip
    with torch.no_grad():
        forward = {"eager": lambda: norm(x, weight), "ours": lambda: rms_norm(x, weight)}
    yield Group("rms_norm_forward", "rms_norm", shape, ("forward",), forward)


def _swiglu() -> Iterator[Group]:
    gate, up = _leaf(8192, 14336), _leaf(8192, 14336)

    def plain(gate: Tensor, up: Tensor) -> Tensor:
        return functional.silu(gate) * up

    contenders = _contend(plain, swiglu, (gate, up), torch.randn_like(gate), _liger("liger_swiglu"))
    yield Group("swiglu", "swiglu", {"M": 8192, "F": 14336, "e": 2}, ("forward", "backward"), contenders)


def _rope() -> Iterator[Group]:
    q, k = _leaf(8, 4096, 32, 128), _leaf(8, 4096, 8, 128)
    cos, sin = (table.cuda() for table in rope_tables(4096, 128))

    def plain(q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        turned: tuple[Tensor, Tensor] = ROWS["rope"].reference(q, k, cos.bfloat16(), sin.bfloat16())
        return turned

    def ours(q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        return rope(q, k, cos, sin)

    pulled = (torch.randn_like(q), torch.randn_like(k))
    shape = {"M": 32768, "Hq": 32, "Hk": 8, "D": 128, "e": 2}
    yield Group("rope", "rope", shape, ("forward", "backward"), _contend(plain, ours, (q, k), pulled))


def _losses() -> Iterator[Group]:
    logits, target = _leaf(8192, 131072), torch.randint(131072, (8192,), device="cuda")

    def plain(logits: Tensor) -> Tensor:
        return functional.cross_entropy(logits, target)

    def ours(logits: Tensor) -> Tensor:
        return cross_entropy(logits, target)

    contenders = _contend(plain, ours, (logits,), None, None)
    held = torch.randn(8192, 131072, device="cuda", dtype=BF16)

    def in_place() -> None:
        cross_entropy_(held.detach().requires_grad_().view_as(held), target).backward()

    contenders["ours-in-place"] = in_place
    yield Group("cross_entropy", "cross_entropy", {"M": 8192, "V": 131072, "e": 2}, ("forward",), contenders)


def _linear() -> Iterator[Group]:
    hidden, target = _leaf(8192, 4096), torch.randint(131072, (8192,), device="cuda")
    weight = (torch.randn(131072, 4096, device="cuda") * 0.02).to(BF16).requires_grad_()

    def plain(hidden: Tensor, weight: Tensor) -> Tensor:
        return functional.cross_entropy(hidden @ weight.T, target)

    def ours(hidden: Tensor, weight: Tensor) -> Tensor:
        return linear_cross_entropy(hidden, weight, target)

    liger, own = _liger("liger_fused_linear_cross_entropy"), getattr(functional, "linear_cross_entropy", None)
    peer = None if liger is None else lambda h, w: liger(h, w, target)
    contenders = _contend(plain, ours, (hidden, weight), None, peer)
    if own is not None:
        contenders["torch-own"] = _both(lambda h, w: own(h, w, target), (hidden, weight), None)
    shape = {"M": 8192, "H": 4096, "V": 131072, "e": 2}
    yield Group("linear_cross_entropy", "linear_cross_entropy", shape, ("forward",), contenders)


def _adamw() -> Iterator[Group]:
    shapes = [(4096, 4096)] * 32
    parameters = [torch.randn(shape, device="cuda", requires_grad=True) for shape in shapes]
    gradients = [torch.randn(shape, device="cuda") * 1e-3 for shape in shapes]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    fused = torch.optim.AdamW(parameters, lr=1e-4, fused=True)
    firsts, seconds = ([torch.zeros(shape, device="cuda") for shape in shapes] for _ in range(2))
    state = AdamWTensors(gradients, parameters, firsts, seconds)
    step, rate, scale = torch.ones((), device="cuda"), torch.tensor(1e-4, device="cuda"), torch.ones((), device="cuda")

    @torch.no_grad()
    def ours() -> None:
        adamw(state, step, rate, scale, AdamWSettings())

    shape = {"P": 32 * 4096 * 4096, "e": 4}
    yield Group("adamw", "adamw", shape, ("forward",), {"eager-fused": fused.step, "ours": ours})


def _attention() -> Iterator[Group]:
    for batch, length in ((4, 4096), (16, 1024), (2, 8192)):
        q, k, v = _leaf(batch, length, 32, 128), _leaf(batch, length, 8, 128), _leaf(batch, length, 8, 128)

        def sdpa(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            parts = (tensor.transpose(1, 2) for tensor in (q, k, v))
            return functional.scaled_dot_product_attention(*parts, is_causal=True, enable_gqa=True).transpose(1, 2)

        work = {"sdpa-default": sdpa, "ours": attention}
        pulled = torch.randn_like(q)
        shape = {"M": batch * length, "S": length, "Hq": 32, "Hk": 8, "D": 128, "e": 2}
        contenders = {name: _both(function, (q, k, v), pulled) for name, function in work.items()}
        yield Group(f"attention_{batch}x{length}", "attention", shape, ("forward", "backward"), contenders)


def _end_to_end() -> Iterator[Group]:
    """A small Llama-shaped model, forward and backward, on torch's parts and on ours."""
    from bench.gpu_model import step_contenders

    width, length, batch = 2048, 2048, 8
    shape = {"M": batch * length, "H": width, "V": 32768, "e": 2}
    yield Group("end_to_end_step", "linear_cross_entropy", shape, ("forward",), step_contenders(width, length, batch))


def _write(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
