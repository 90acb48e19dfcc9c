"""A replay from its name to its figures and charts: what ``manage.py simulate`` prints and writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from allocation.scheduler.placement.contest import Easy, FirstCome, Greedy, Order, ShortestFirst
from allocation.scheduler.placement.order import FairTurns
from allocation.scheduler.simulator import gangs, openb
from allocation.scheduler.simulator.charts import Bars, Chart, page

ORDERS: Final[dict[str, Callable[[], Order]]] = {
    "first-come": FirstCome,
    "easy": Easy,
    "greedy": Greedy,
    "oracle-shortest": ShortestFirst,
    "writ": FairTurns,
}
PACKINGS: Final = ("random", "best-fit", "fgd", "writ")
PHILLY_FILE: Final = "philly_vc_seed0.csv"
NODES_FILE: Final = "openb_node_list_gpu_node.csv"
DEVICES_PER_NODE: Final = 4
GANG_NODES: Final = 125
Progress = Callable[[float], None]


class NoSuchReplay(ValueError):
    """The trace or the policy is not there; says which there are."""


@dataclass(frozen=True)
class Wanted:
    """Which trace under which policy, on how many nodes (None: as published), with which seed."""

    trace: str
    policy: str
    nodes: int | None = None
    seed: int = 42


@dataclass(frozen=True)
class Report:
    """Figures by name, and the page with the charts."""

    figures: dict[str, float | int | str]
    html: str


def simulate(wanted: Wanted, *, folder: Path, progress: Progress | None = None) -> Report:
    """Replay a trace of ``folder`` by its name, or a list of gang jobs by its path.

    Raises:
        NoSuchReplay: the trace or the policy is not there.
    """
    if wanted.trace in openb.TRACES:
        return _packing(wanted, folder, progress)
    path = folder / PHILLY_FILE if wanted.trace == "philly" else Path(wanted.trace)
    if not path.is_file():
        names = ", ".join((*openb.TRACES, "philly"))
        raise NoSuchReplay(f"There is no trace {wanted.trace}. Give one of {names}, or the path of a list of jobs.")
    return _gangs(wanted, path, progress)


def _packing(wanted: Wanted, folder: Path, progress: Progress | None) -> Report:
    _check_policy(wanted.policy, PACKINGS)
    if not (folder / NODES_FILE).is_file():
        raise NoSuchReplay(f"There is no node list at {folder / NODES_FILE} (WRIT_DATA).")
    hosts = openb.read_hosts(folder / NODES_FILE)[: wanted.nodes]
    asks = openb.read_asks(folder / f"openb_pod_list_{wanted.trace}.csv")
    filled = openb.replay(wanted.policy, hosts=hosts, asks=asks, seed=wanted.seed, progress=progress)
    figures: dict[str, float | int | str] = {"trace": wanted.trace, "policy": wanted.policy, "nodes": len(hosts)}
    figures |= {f"allocated_pct_at_{mark}": round(value, 2) for mark, value in filled.at.items()}
    figures |= {"asks": filled.asked, "refused": filled.refused}
    curve = list(zip(filled.arrived, filled.allocated, strict=True))
    charts: list[Chart | Bars] = [
        Chart("Allocated as asks arrive", "% of capacity arrived", "% allocated", {"allocated": curve})
    ]
    return Report(figures, page(f"{wanted.trace} under {wanted.policy}", _words(figures), charts))


def _gangs(wanted: Wanted, path: Path, progress: Progress | None) -> Report:
    _check_policy(wanted.policy, tuple(ORDERS))
    capacity = (wanted.nodes or GANG_NODES) * DEVICES_PER_NODE
    jobs = gangs.read_gangs(path)
    replayed = gangs.Replay(jobs, capacity=capacity, order=ORDERS[wanted.policy]()).run(progress)
    verdict = gangs.judge(replayed)
    figures: dict[str, float | int | str] = {
        "trace": wanted.trace,
        "policy": wanted.policy,
        "devices": capacity,
        "jobs": len(jobs),
        "mean_completion_h": round(verdict.mean_h, 2),
        "p99_wait_h": round(verdict.p99_wait_h, 1),
        "mean_slowdown": round(verdict.mean_slowdown, 2),
        "worst_cluster": verdict.worst_cluster,
        "worst_over_mean_slowdown": round(verdict.unfairness, 2),
        "worst_over_mean_stretch": round(verdict.stretch_ratio, 2),
        "stops": verdict.stops,
        "lost_device_h": round(verdict.lost_device_h, 1),
    }
    return Report(figures, page(f"{path.stem} under {wanted.policy}", _words(figures), _gang_charts(replayed)))


def _gang_charts(replayed: gangs.Replayed) -> list[Chart | Bars]:
    days = [(each, each.at_s / 86_400) for each in replayed.samples]
    waits = np.sort([each.wait_s / 3600 for each in replayed.done])
    shares = np.linspace(0, 100, len(waits))
    return [
        Chart("Queue", "days", "jobs", {"waiting jobs": [(day, each.waiting) for each, day in days]}),
        Chart(
            "Utilisation",
            "days",
            "% of devices in use",
            {"in use": [(day, 100 * each.used / replayed.capacity) for each, day in days]},
        ),
        Chart(
            "Waits",
            "% of jobs",
            "hours or less",
            {"wait": [(float(x), float(y)) for x, y in zip(shares, waits, strict=True)]},
        ),
        Bars("Fairness: mean slowdown of each virtual cluster", "times", gangs.slowdowns(replayed)),
    ]


def _check_policy(policy: str, known: tuple[str, ...]) -> None:
    if policy not in known:
        raise NoSuchReplay(f"There is no policy {policy} for this trace. Give one of {', '.join(known)}.")


def _words(figures: dict[str, float | int | str]) -> dict[str, str]:
    return {
        name.replace("_", " "): f"{value:,}" if not isinstance(value, str) else value for name, value in figures.items()
    }
