"""Stored determinations answered again under another rule set, many at a time (no Django here, nor in the workers)."""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import islice
from multiprocessing import get_context
from typing import Any, Final

from procurement.determinations.differences import Differences, differences
from procurement.determinations.results import result_of
from procurement.regimes import rule_set
from procurement.regimes.dated import LawFault
from procurement.regimes.facts import TransactionFacts
from procurement.regimes.plain import FactsRefused, from_plain
from procurement.regimes.registry import regime
from procurement.regimes.rule_set import RuleSet

CHUNK: Final = 200
AHEAD: Final = 3
Texts = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored determination: its order, regime and day, its inputs and result as the JSON that is stored."""

    reference: str
    regime: str
    on: date
    inputs: str
    result: str


@dataclass(frozen=True, slots=True)
class Previewed:
    """What another rule set makes of a stored determination; `fault` where it cannot be asked."""

    reference: str
    regime: str
    on: date
    lane: str
    differences: Differences | None
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        """One entry of a preview."""
        told: dict[str, Any] = {"order": self.reference, "regime": self.regime, "on": self.on.isoformat()}
        if self.differences is None:
            return {**told, "fault": self.fault}
        return {**told, "lane_after": self.lane, **self.differences.to_json()}


@dataclass(frozen=True, slots=True)
class Switch:
    """From which rules to which. `on` None: each determination on its own day, against what is stored of it.

    With a day, both sides are computed: what stands today is the old set's answer on that day.
    """

    after: RuleSet
    before: RuleSet | None = None
    on: date | None = None

    def of(self, kept: Kept) -> Previewed:
        """What would change for one stored determination."""
        try:
            return self._of(kept)
        except (LawFault, FactsRefused, LookupError) as fault:
            return Previewed(kept.reference, kept.regime, kept.on, "", None, str(fault))

    def _of(self, kept: Kept) -> Previewed:
        facts = [from_plain(TransactionFacts, line) for line in json.loads(kept.inputs)["lines"]]
        on = self.on or kept.on
        found = answered(kept.regime, facts, on, self.after)
        held = json.loads(kept.result) if self.before is None else answered(kept.regime, facts, on, self.before)
        return Previewed(kept.reference, kept.regime, on, found["lane"], differences(held, found))


def answered(regime_id: str, facts: Iterable[TransactionFacts], on: date, rules: RuleSet) -> dict[str, Any]:
    """What a regime says of the lines of an order on a day, under a rule set, as it would be stored."""
    book, held = rules.book(regime_id), regime(regime_id)
    return result_of([held.determine(each, on=on, book=book) for each in facts])


def previewed(kept: Iterable[Kept], switch: Switch, *, processes: int = 2) -> Iterator[Previewed]:
    """Every stored determination under the new rules, in the order given, as the workers get through them.

    The rows are read by this process alone, a few chunks ahead of the workers.
    """
    rows = iter(kept)
    if processes < 2:
        yield from (switch.of(row) for row in rows)
        return
    sets = (_texts(switch.after), None if switch.before is None else _texts(switch.before), switch.on)
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=sets) as workers:
        waiting: deque[Future[list[Previewed]]] = deque()
        while chunk := list(islice(rows, CHUNK)):
            waiting.append(workers.submit(_chunk, chunk))
            if len(waiting) > processes * AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


_SWITCH: list[Switch] = []


def _begin(after: Texts, before: Texts | None, on: date | None) -> None:
    """Reads the rule sets once a worker."""
    _SWITCH[:] = [Switch(_set(after), None if before is None else _set(before), on)]


def _chunk(rows: list[Kept]) -> list[Previewed]:
    return [_SWITCH[0].of(row) for row in rows]


def _texts(rules: RuleSet) -> Texts:
    return {name: dict(book.texts) for name, book in rules.books.items()}


def _set(texts: Texts) -> RuleSet:
    return RuleSet({name: rule_set.stored_book(name, each) for name, each in texts.items()})
