"""Which part of one name answers which part of the other, and what is left over on each side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from procurement.screening.matching.similarity import CUT_SHORT, Alike, How, alike, is_cut_short

RUN_TOGETHER_LEAST = 0.86
RUN_TOGETHER_TRUST = 0.98
LONGEST_RUN = 4

Judge = Callable[[str, str], Alike]
Span = tuple[int, ...]
Pair = tuple[Span, Span, float, How]


@dataclass(slots=True)
class Alignment:
    """Pairs of parts (token positions on each side, similarity, how), and the positions left over."""

    pairs: list[Pair] = field(default_factory=list)
    left_query: list[int] = field(default_factory=list)
    left_listed: list[int] = field(default_factory=list)


def align(query: tuple[str, ...], listed: tuple[str, ...], judge: Judge = alike) -> Alignment:
    """Pair equal tokens first, then tokens that are the other's run together, then near ones, best first."""
    found = Alignment(left_query=list(range(len(query))), left_listed=list(range(len(listed))))
    _pair_equal(found, query, listed)
    if found.left_query and found.left_listed:
        if len(found.left_query) + len(found.left_listed) > 2:
            _pair_run_together(found, query, listed, judge)
        _pair_cut_short(found, query, listed)
        _pair_near(found, query, listed, judge)
    return found


def _take(found: Alignment, mine: Span, theirs: Span, similarity: float, how: How) -> None:
    found.pairs.append((mine, theirs, similarity, how))
    for at in mine:
        found.left_query.remove(at)
    for at in theirs:
        found.left_listed.remove(at)


def _pair_equal(found: Alignment, query: tuple[str, ...], listed: tuple[str, ...]) -> None:
    for at, token in enumerate(query):
        if token in listed:
            there = next((other for other in found.left_listed if listed[other] == token), None)
            if there is not None:
                _take(found, (at,), (there,), 1.0, How.EQUAL)


def _pair_run_together(found: Alignment, query: tuple[str, ...], listed: tuple[str, ...], judge: Judge) -> None:
    """One token that is several neighbours of the other side, their spaces left out."""
    for at in list(found.left_query):
        span = _spelling(query[at], listed, found.left_listed, judge)
        if span:
            _take(found, (at,), span[0], span[1] * RUN_TOGETHER_TRUST, How.RUN_TOGETHER)
    for at in list(found.left_listed):
        span = _spelling(listed[at], query, found.left_query, judge)
        if span:
            _take(found, span[0], (at,), span[1] * RUN_TOGETHER_TRUST, How.RUN_TOGETHER)


def _spelling(token: str, others: tuple[str, ...], free: list[int], judge: Judge) -> tuple[Span, float] | None:
    """The free neighbours that run together are (nearly) the token."""
    for first in range(len(free) - 1):
        joined = others[free[first]]
        if joined[0] != token[0]:
            continue
        for last in range(first + 1, min(first + LONGEST_RUN, len(free))):
            if free[last] != free[last - 1] + 1:
                break
            joined += others[free[last]]
            if abs(len(joined) - len(token)) <= 2:
                similarity = judge(joined, token)[0]
                if similarity >= RUN_TOGETHER_LEAST:
                    return tuple(free[first : last + 1]), similarity
    return None


def _pair_near(found: Alignment, query: tuple[str, ...], listed: tuple[str, ...], judge: Judge) -> None:
    pairs = []
    for i in found.left_query:
        for j in found.left_listed:
            similarity, how = judge(query[i], listed[j])
            if similarity:
                pairs.append((-similarity, abs(i - j), i, j, how))
    pairs.sort()
    for less, _, i, j, how in pairs:
        if i in found.left_query and j in found.left_listed:
            _take(found, (i,), (j,), -less, how)


def _pair_cut_short(found: Alignment, query: tuple[str, ...], listed: tuple[str, ...]) -> None:
    """The last word of the query may have been cut off by a field too short, after words that are all there."""
    last = len(query) - 1
    if found.left_query == [last] and found.left_listed and (last == 0 or found.left_listed[0] >= last):
        there = found.left_listed[0]
        if is_cut_short(query[last], listed[there]):
            _take(found, (last,), (there,), CUT_SHORT, How.CUT_SHORT)
