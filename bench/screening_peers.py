"""The peers screening is measured beside: rapidfuzz scorers over the plain names, and nomenklatura's LogicV2."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

Pair = tuple[str, str, str]
PLAIN_SCORERS: dict[str, Callable[..., float]] = {"token_set": fuzz.token_set_ratio, "WRatio": fuzz.WRatio}
PUBLISHED_LOGICV2 = 0.796


@dataclass(frozen=True)
class Measured:
    """F1, precision and recall of one scorer at one threshold."""

    f1: float
    precision: float
    recall: float
    threshold: float


def at_threshold(scores: Sequence[float], truths: Sequence[bool], threshold: float) -> Measured:
    """How well "score at or above the threshold" tells the true pairs."""
    found = [score >= threshold for score in scores]
    hits = sum(hit and truth for hit, truth in zip(found, truths, strict=True))
    precision = hits / max(1, sum(found))
    recall = hits / max(1, sum(truths))
    return Measured(2 * hits / max(1, sum(found) + sum(truths)), precision, recall, threshold)


def best_threshold(scores: Sequence[float], truths: Sequence[bool]) -> float:
    """The threshold of the highest F1."""
    return max(set(scores), key=lambda threshold: at_threshold(scores, truths, threshold).f1)


def plain(name: str) -> str:
    """What a careful caller of rapidfuzz does first: letters in lower case and single spaces."""
    return " ".join(name.casefold().split())


def plain_scores(scorer: Callable[..., float], pairs: Sequence[Pair]) -> list[float]:
    """A rapidfuzz scorer on each pair, 0 to 1."""
    return [scorer(plain(left), plain(right)) / 100 for _, left, right in pairs]


def logicv2_scores(python: str, pairs: Sequence[Pair]) -> tuple[str, list[float]] | None:
    """(version, scores) of LogicV2, by an interpreter that has nomenklatura; ``None`` where there is none."""
    if not python:
        return None
    script = Path(__file__).with_name("screening_logicv2.py")
    done = subprocess.run([python, str(script)], input=json.dumps(pairs), capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"LogicV2 did not run: {done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode}")
        return None
    said = json.loads(done.stdout)
    return said["version"], said["scores"]


def best_in_list(scorer: Callable[..., float], name: str, listed: Sequence[str], least: float) -> float:
    """The highest score of a name against the whole list, 0 where none reaches ``least`` (0 to 1)."""
    found = process.extractOne(plain(name), listed, scorer=scorer, score_cutoff=least * 100)
    return found[1] / 100 if found else 0.0
