"""When a waiting job may start: an honest range, from what runs, what waits before it, and nothing else."""

from __future__ import annotations

import heapq
from typing import Final

from allocation.scheduler.placement.model import ALWAYS

EARLY, LIKELY, LATE = 0, 1, 2
CASES: Final = (EARLY, LIKELY, LATE)
Range = tuple[float, float, float]


def forecast(free: int, ends: list[tuple[Range, int]], queue: list[tuple[Range, int]], *, now: float) -> list[Range]:
    """Start of each job of a queue that is served in order, if nobody new goes before it.

    Args:
        free: devices free now.
        ends: of each running job, when it ends (early, likely, late) and its devices.
        queue: of each waiting job in order, how long it runs (early, likely, late) and its devices.
        now: the present, in the seconds of ``ends``.

    Returns:
        Early, likely and late start of each; infinite where not even all that runs makes room.
        Simplification: devices are counted, not looked at, so it errs on the early side where hosts are fragmented.
    """
    cases = [_in_order(free, [(end[case], held) for end, held in ends], _of_case(queue, case), now) for case in CASES]
    return [_ordered(cases[EARLY][number], cases[LIKELY][number], cases[LATE][number]) for number in range(len(queue))]


def _of_case(queue: list[tuple[Range, int]], case: int) -> list[tuple[float, int]]:
    return [(length[case], devices) for length, devices in queue]


def _in_order(free: int, ends: list[tuple[float, int]], queue: list[tuple[float, int]], now: float) -> list[float]:
    coming = [(max(end, now), held) for end, held in ends]
    heapq.heapify(coming)
    total = free + sum(held for _, held in coming)
    starts, clock = [], now
    for length, devices in queue:
        if devices > total:
            starts.append(ALWAYS)
            continue
        while free < devices:
            end, held = heapq.heappop(coming)
            clock, free = max(clock, end), free + held
        free -= devices
        starts.append(clock)
        heapq.heappush(coming, (clock + length, devices))
    return starts


def _ordered(early: float, likely: float, late: float) -> Range:
    """Shorter runtimes do not always mean earlier starts in a list schedule; a range does not run backwards."""
    low, middle, high = sorted((early, likely, late))
    return low, middle, high
