"""The CPU kernels beside eager torch and torch.compile, in one run: `make bench-kernels`.

Every contender gets the same tuned allocator and the same threads; rounds go over the contenders in rotating order.
Two clocks: wall time, and CPU time of all threads together, which other work on the machine disturbs far less.
"""

import argparse
import ctypes
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# glibc's allocator gives large blocks back to the kernel and faults them in again: up to 15x slower eager operations.
TUNED = {
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33), "MALLOC_MMAP_THRESHOLD_": str(1 << 33), "MALLOC_TOP_PAD_": str(1 << 26),
    "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
}  # fmt: skip
ROOT = Path(__file__).resolve().parents[1]
NO_SETUP: Callable[[], Any] = lambda: None  # noqa: E731
OURS = "ours"
FLOOR = "copy of as many bytes"
ALL = "rms_norm,add_rms_norm,swiglu,cross_entropy,adamw,linear_cross_entropy,training_step"


@dataclass(frozen=True)
class Contender:
    """One way to do a group's work; `prepare` is not timed."""

    name: str
    work: Callable[[], Any]
    prepare: Callable[[], Any] = NO_SETUP


@dataclass(frozen=True)
class Group:
    """One row of the table: what is done, by whom, and what is asked of ours."""

    name: str
    goal: float
    contenders: tuple[Contender, ...]
    measures_memory: bool = False


@dataclass
class Times:
    """What one contender took, in milliseconds, round by round."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    peak_mib: float | None = None


def main() -> None:
    """Measure the groups asked for, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", default=ALL)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "kernels-cpu.json")
    wanted = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in TUNED.items()):
        os.execve(sys.executable, [sys.executable, "-m", "bench.kernels", *sys.argv[1:]], {**os.environ, **TUNED})
    from bench.kernels_groups import GROUPS

    rows = _known(wanted.out)
    for name in wanted.groups.split(","):
        group = GROUPS[name]()
        rounds = wanted.rounds if not group.measures_memory else max(3, wanted.rounds // 8)
        rows[name] = measured(group, rounds) | {"machine": machine()}
        print(_line(name, rows[name]), flush=True)
        wanted.out.parent.mkdir(parents=True, exist_ok=True)
        wanted.out.write_text(json.dumps({"rows": rows}, indent=1, sort_keys=True) + "\n")


def measured(group: Group, rounds: int) -> dict[str, Any]:
    """Run a group's contenders in rotating order and sum up."""
    times = {contender.name: Times() for contender in group.contenders}
    for contender in group.contenders:
        for _ in range(1 if group.measures_memory else 3):  # compiles, and fills the allocator's pools
            contender.prepare()
            contender.work()
    for turn in range(rounds):
        shift = turn % len(group.contenders)
        for contender in group.contenders[shift:] + group.contenders[:shift]:
            _time(contender, times[contender.name])
    if group.measures_memory:
        for contender in group.contenders:
            times[contender.name].peak_mib = _peak_mib(contender)
    return _summary(group, times, rounds)


def machine() -> dict[str, Any]:
    """Where this was measured, and how busy the machine was."""
    import torch

    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    named = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    model = next(named, platform.processor())
    return {
        "cpu": model, "threads": torch.get_num_threads(), "torch": torch.__version__,
        "load_average": os.getloadavg()[0],
        "niceness": os.nice(0), "measured_on": time.strftime("%Y-%m-%d", time.gmtime()),
    }  # fmt: skip


def _time(contender: Contender, times: Times) -> None:
    contender.prepare()
    wall, cpu = time.perf_counter(), time.process_time()
    contender.work()
    times.cpu_ms.append((time.process_time() - cpu) * 1e3)
    times.wall_ms.append((time.perf_counter() - wall) * 1e3)


def _peak_mib(contender: Contender) -> float:
    """The resident memory's rise while the work runs, in MiB."""
    contender.prepare()
    # What the tuned allocator has kept from before would hide the rise.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_kib("VmRSS")
    kept = contender.work()
    del kept
    return (_status_kib("VmHWM") - before) / 1024


def _status_kib(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def _summary(group: Group, times: dict[str, Times], rounds: int) -> dict[str, Any]:
    result: dict[str, Any] = {"goal": group.goal, "rounds": rounds, "contenders": {}}
    for name, taken in times.items():
        result["contenders"][name] = {
            "wall_ms_median": round(statistics.median(taken.wall_ms), 3), "wall_ms_least": round(min(taken.wall_ms), 3),
            "cpu_ms_median": round(statistics.median(taken.cpu_ms), 3), "cpu_ms_least": round(min(taken.cpu_ms), 3),
        }  # fmt: skip
        if taken.peak_mib is not None:
            result["contenders"][name]["peak_mib"] = round(taken.peak_mib, 1)
    for clock in ("wall_ms_median", "wall_ms_least", "cpu_ms_median", "cpu_ms_least"):
        values = {name: row[clock] for name, row in result["contenders"].items()}
        ours = min(value for name, value in values.items() if name.startswith(OURS))
        peers = min(value for name, value in values.items() if not name.startswith((OURS, FLOOR)))
        result[f"ratio_{clock}"] = round(peers / ours, 3)
        if FLOOR in values:
            result[f"of_floor_{clock}"] = round(values[FLOOR] / ours, 3)
    return result


def _line(name: str, row: dict[str, Any]) -> str:
    parts = [
        f"{who} {at['cpu_ms_median']:.2f} ms cpu, {at['wall_ms_median']:.2f} wall"
        + (f", {at['peak_mib']:.0f} MiB" if "peak_mib" in at else "")
        for who, at in row["contenders"].items()
    ]
    of_floor = f"; {row['of_floor_cpu_ms_median']} of the copy's speed" if "of_floor_cpu_ms_median" in row else ""
    ratios = f"{row['ratio_cpu_ms_median']}x cpu, {row['ratio_wall_ms_median']}x wall (goal {row['goal']}x){of_floor}"
    return f"{name}: {ratios}: " + "; ".join(parts)


def _known(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    rows: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return rows


if __name__ == "__main__":
    main()
