"""The scheduler's figures: ``make bench-scheduler``, or ``python -m bench.scheduler packing gangs pass``.

``--seeds`` and ``--resamples`` make a shorter run; every table names what it was run with.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from allocation.scheduler.placement import Desk, FreeDevice, Placed, Request
from allocation.scheduler.simulator import gangs, openb
from allocation.scheduler.simulator.reports import NODES_FILE, ORDERS, PHILLY_FILE

PUBLISHED = {
    "default": {"random": (86.30, 87.47), "best-fit": (92.86, 93.08), "fgd": (95.23, 95.39)},
    "cpu100": {"random": (87.44, 89.11), "best-fit": (93.26, 93.44), "fgd": (95.21, 95.35)},
    "gpuspec33": {"random": (83.87, 86.46), "best-fit": (80.39, 93.09), "fgd": (87.84, 94.55)},
    "gpushare100": {"random": (78.90, 79.44), "best-fit": (84.62, 85.01), "fgd": (86.64, 86.90)},
    "multigpu50": {"random": (81.28, 90.27), "best-fit": (95.62, 95.74), "fgd": (97.09, 97.18)},
}
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def packing(folder: Path, seeds: tuple[int, ...], policies: list[str]) -> Iterator[str]:
    """Allocated % at 100 and 130 % load, beside the published means."""
    yield f"Seeds {seeds[0]}..{seeds[-1]}. Allocated GPU %, at 100 / 130 % load; s: processor seconds a replay.\n"
    yield "| trace | policy | ours | published | s |\n|---|---|---|---|---|"
    hosts = openb.read_hosts(folder / NODES_FILE)
    for trace in openb.TRACES:
        asks = openb.read_asks(folder / f"openb_pod_list_{trace}.csv")
        for policy in policies:
            began = time.process_time()
            runs = [openb.replay(policy, hosts=hosts, asks=asks, seed=seed) for seed in seeds]
            took = (time.process_time() - began) / len(seeds)
            ours = " / ".join(f"{np.mean([run.at[mark] for run in runs]):.2f}" for mark in openb.MARKS)
            known = " / ".join(f"{mean:.2f}" for mean in PUBLISHED[trace].get(policy, ()))
            yield f"| {trace} | {policy} | {ours} | {known} | {took:.1f} |"


def gang_orders(folder: Path, resamples: int, orders: list[str]) -> Iterator[str]:
    """The Philly-derived trace at 500 devices, and its bootstrap resamples under Writ's order."""
    yield f"500 devices. A stop costs what ran since the last checkpoint (each {gangs.CHECKPOINT_S:.0f} s of work) and "
    yield f"{gangs.RESTART_S:.0f} s. Worst cluster / mean: of the mean slowdown; of hours taken per hour of work.\n"
    yield "| jobs | order | mean h | p99 wait h | worst cluster / mean | stops | lost device-h |"
    yield "|---|---|---|---|---|---|---|"
    recorded = gangs.read_gangs(folder / PHILLY_FILE)
    for order in orders:
        yield _gang_row("trace", recorded, order)
    for seed in range(resamples):
        yield _gang_row(f"resample {seed}", gangs.resample(recorded, seed=seed), "writ")


def _gang_row(name: str, jobs: list[gangs.Recorded], order: str) -> str:
    found = gangs.judge(gangs.Replay(jobs, capacity=500, order=ORDERS[order]()).run())
    worst = f"{found.unfairness:.2f} / {found.stretch_ratio:.2f}"
    figures = f"{found.mean_h:.1f} | {found.p99_wait_h:.0f} | {worst} | {found.stops} | {found.lost_device_h:.0f}"
    return f"| {name} | {order} | {figures} |"


def one_pass(sizes: tuple[int, ...]) -> Iterator[str]:
    """A desk filled anew, then with 1 % of the devices and jobs changed."""
    yield "As many jobs wait as there are devices (gangs of 1, 2, 4, 8 or 16; 8 kinds of stock; 64 teams)."
    yield "By the clock, and (in processor seconds).\n"
    yield "| devices | full rebuild s | 1 % changed s | placed then | peak MB |\n|---|---|---|---|---|"
    for size in sizes:
        lots = random.Random(size)
        desk, rebuilt, given = _rebuilt(size, lots)
        coming = [_request(size + number, lots) for number in range(size // 100)]
        lots.shuffle(given)
        freed: list[FreeDevice] = []
        while len(freed) < size // 100:
            freed += given.pop().devices
        began = time.perf_counter(), time.process_time()
        for device in freed:
            desk.add_device(device)
        for request in coming:
            desk.submit(request)
        placed = desk.turn()
        changed = time.perf_counter() - began[0], time.process_time() - began[1]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        yield f"| {size:,} | {_both(rebuilt)} | {_both(changed)} | {len(placed)} | {peak} |"


def _rebuilt(size: int, lots: random.Random) -> tuple[Desk, tuple[float, float], list[Placed]]:
    devices = [_device(number) for number in range(size)]
    requests = [_request(number, lots) for number in range(size)]
    began = time.perf_counter(), time.process_time()
    desk = Desk()
    for device in devices:
        desk.add_device(device)
    for request in requests:
        desk.submit(request)
    placed = desk.turn()
    return desk, (time.perf_counter() - began[0], time.process_time() - began[1]), placed


def _both(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:.3f} ({seconds[1]:.3f})"


def _device(number: int) -> FreeDevice:
    host = number // 8
    stock = host % 8
    pair = (f"e{host % 3}", f"i{host % 2}")
    return FreeDevice(f"d{number:07d}", f"chip{stock % 4}", f"site{host % 5}", f"h{host:06d}", f"o{stock // 4}", pair)


def _request(number: int, lots: random.Random) -> Request:
    stock = lots.randrange(8)
    pairs = frozenset((f"e{lots.randrange(3)}", f"i{part}") for part in range(2))
    team = lots.randrange(64)
    path = (f"org{team % 8}", f"team{team}")
    devices = lots.choice((1, 1, 2, 4, 8, 16))
    arrived = float(number)
    return Request(
        f"j{number}",
        f"J{number}",
        f"chip{stock % 4}",
        devices,
        f"o{stock // 4}",
        pairs,
        f"f{team}",
        path=path,
        arrived_s=arrived,
    )


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["packing", "gangs", "pass"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--resamples", type=int, default=10)
    parser.add_argument("--policies", default="random,best-fit,fgd,writ")
    parser.add_argument("--orders", default=",".join(ORDERS))
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    asked = parser.parse_args()
    folder = Path(os.environ.get("WRIT_DATA", "../shared/data")) / "traces"
    tables = {
        "packing": lambda: packing(folder, openb.SEEDS[: asked.seeds], asked.policies.split(",")),
        "gangs": lambda: gang_orders(folder, asked.resamples, asked.orders.split(",")),
        "pass": lambda: one_pass(tuple(size for size in SIZES if size <= asked.largest)),
    }
    for part in asked.parts:
        for line in tables[part]():
            print(line, flush=True)
        print(flush=True)


if __name__ == "__main__":
    main()
