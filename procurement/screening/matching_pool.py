"""Many parties matched at once: in this process, or in a few beside it that yield to everything else (no Django here).

The processes are started afresh, never forked, so that they share no database connection; they map the same index
file and are told the listed parties that count.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from procurement.screening.matching.index import CandidateIndex
from procurement.screening.matching.index_file import load
from procurement.screening.matching.matcher import Match, match
from procurement.screening.matching.subjects import Subject

CHUNK = 250
NICENESS = 15
Found = dict[int, tuple[Match, ...]]


@dataclass(frozen=True)
class Task:
    """What to match against: the listed parties of ``keys`` (``None``: all) at a threshold of 0 to 1."""

    keys: frozenset[str] | None
    threshold: float


def index_for(task: Task, whole: CandidateIndex) -> CandidateIndex:
    """The whole index, or one of the listed parties that count, which scores as the whole does."""
    return whole if task.keys is None else CandidateIndex(whole.parties_of(set(task.keys)), weights_of=whole)


Submit = Callable[[Sequence[Subject]], Callable[[], Found]]


@contextmanager
def matching(task: Task, whole: CandidateIndex, path: Path | None, processes: int) -> Iterator[Submit]:
    """A way to hand subjects in, and to ask later what was found: by place in what was handed in, if anything.

    Args:
        path: the index's file; without one, or with one process, this process does it itself.
    """
    if path is None or processes < 2:
        index = index_for(task, whole)
        yield lambda subjects: lambda: _matched(subjects, index, task.threshold)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _start, (path, task)) as pool:
        yield lambda subjects: _handed_in(pool, subjects)


def _handed_in(pool: ProcessPoolExecutor, subjects: Sequence[Subject]) -> Callable[[], Found]:
    remaining, parts = iter(subjects), []
    while part := list(islice(remaining, CHUNK)):
        parts.append(pool.submit(_match_part, part))
    return lambda: _joined(parts)


def _joined(parts: Sequence[Future[Found]]) -> Found:
    return {number * CHUNK + at: found for number, part in enumerate(parts) for at, found in part.result().items()}


def _matched(subjects: Sequence[Subject], index: CandidateIndex, threshold: float) -> Found:
    found = ((at, match(subject, index, threshold)) for at, subject in enumerate(subjects))
    return {at: matches for at, matches in found if matches}


_here: list[tuple[CandidateIndex, float]] = []


def _start(path: Path, task: Task) -> None:
    """A process of the pool begins: it maps the index and steps back behind the pages."""
    os.nice(NICENESS)
    _here.append((index_for(task, CandidateIndex(arrays=load(path))), task.threshold))


def _match_part(subjects: list[Subject]) -> Found:
    index, threshold = _here[-1]
    return _matched(subjects, index, threshold)
