"""How fast regimes answer: one determination, and 100,000 stored ones under another rule set.

    nice -n 15 .venv/bin/python -m bench.regimes            # or: make bench-regimes
    nice -n 15 .venv/bin/python -m bench.regimes --stored 10000 --processes 1

No answer is kept for a second question: every determination is read from its JSON and computed, so that repeating
5,000 distinct ones twenty times costs what 100,000 distinct ones do.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter_ns, thread_time_ns

from procurement.catalog.chips import all_chips
from procurement.determinations.ad_hoc import item_of
from procurement.determinations.probing import transactions
from procurement.determinations.replaying import Kept, Switch, answered, previewed
from procurement.regimes import rule_set
from procurement.regimes.facts import Form, OwnerFacts, PartyFacts, PartyRole, RemoteUserFacts, TransactionFacts
from procurement.regimes.plain import canonical_bytes, to_plain
from procurement.regimes.registry import REGIMES, regimes_for
from procurement.regimes.rule_set import RuleSet

PLACES = ("CN", "HK", "MO", "SG", "MY", "TW", "AE", "DE", "US", "RU", "IN", "KR")
ORIGINS = ("US", "MY", "TW")
THRESHOLD = ('value: 4800, source: "ECCN 3A090.a.1"', 'value: 3000, source: "ECCN 3A090.a.1"')
SEED = 20261122


def main() -> None:
    """Prints one table row a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=100_000, help="determinations to replay (100,000)")
    parser.add_argument("--distinct", type=int, default=5_000, help="of them, made anew; the rest repeats these")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--dates", type=int, default=4, help="days asked of each chip and place")
    told = parser.parse_args()
    for line in evaluation(told.dates):
        print(line, flush=True)
    print(replaying(told.stored, told.distinct, told.processes), flush=True)


def evaluation(dates: int) -> Iterator[str]:
    """Every chip to every place on days over the whole span, each regime that is concerned; time on the processor."""
    days, pool = _days(dates), _pool()
    for regime in REGIMES:
        spent = []
        for facts in (each for each in pool if regime.concerns(each)):
            for on in days:
                began = thread_time_ns()
                regime.determine(facts, on=on)
                spent.append(thread_time_ns() - began)
        spent.sort()
        p50, p99 = (spent[int(len(spent) * share)] / 1e6 for share in (0.5, 0.99))
        yield f"| {regime.id}, one determination | {len(spent):,} | p50 {p50:.2f} ms | p99 {p99:.2f} ms |"


def replaying(count: int, distinct: int, processes: int) -> str:
    """Stored determinations, as the JSON that is stored, under a set that has one number changed."""
    made = list(stored(min(distinct, count)))
    print(f"{len(made):,} stored determinations made, {_mean_bytes(made):,} bytes of JSON each", file=sys.stderr)
    rows = islice(cycle(made), count)
    with tempfile.TemporaryDirectory() as folder:
        after = changed(Path(folder))
    chunks: list[float] = []
    began, cpu, changed_count = perf_counter_ns(), _cpu_s(), 0
    for done, each in enumerate(previewed(rows, Switch(after), processes=processes), start=1):
        changed_count += bool(each.differences)
        if done % 10_000 == 0:
            chunks.append((perf_counter_ns() - began) / 1e9)
            print(f"{done:,} of {count:,} after {chunks[-1]:.1f} s", file=sys.stderr)
    took = (perf_counter_ns() - began) / 1e9
    steps = [later - earlier for earlier, later in zip([0.0, *chunks], chunks, strict=False)]
    pace = f", median {median(steps):.1f} s per 10,000" if steps else ""
    spent = f"{took:.0f} s on the clock{pace}; {(_cpu_s() - cpu) / processes:.0f} s of processor each"
    return f"| replay, {processes} processes | {count:,} | {spent} | {changed_count:,} would change |"


def _cpu_s() -> float:
    """Processor seconds of this process and of the workers that have ended."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def stored(count: int) -> Iterator[Kept]:
    """Orders as Writ stores them: parties with owners, remote users, one to three lines; each a different one."""
    draw, rules = random.Random(SEED), rule_set.own()
    pool, days = _pool(), _days(400)
    number = made = 0
    while made < count:
        number += 1
        lines = [_order(draw.choice(pool), number, draw) for _line in range(draw.choice((1, 1, 1, 2, 3)))]
        lines = [replace(each, route=lines[0].route, parties=lines[0].parties) for each in lines]
        for regime in regimes_for(*lines)[: count - made]:
            made += 1
            on = draw.choice(days)
            result = answered(regime.id, lines, on, rules)
            inputs = canonical_bytes({"lines": [to_plain(each) for each in lines]}).decode()
            yield Kept(f"ORD-2026-{number:05d}", regime.id, on, inputs, canonical_bytes(result).decode())


def changed(folder: Path) -> RuleSet:
    """The packages' set with the first threshold of 3A090.a lowered."""
    name = "us_ear/parameters.yaml"
    text = rule_set.own().texts()[name]
    path = folder / name
    path.parent.mkdir()
    path.write_text(text.replace(*THRESHOLD), encoding="utf-8")
    return rule_set.from_folder(folder)


def _pool() -> list[TransactionFacts]:
    """Every chip from each origin to every place."""
    whole = list(transactions(tuple(chip.slug for chip in all_chips()), PLACES))
    return [replace(each, route=replace(each.route, from_country=origin)) for each in whole for origin in ORIGINS]


def _order(facts: TransactionFacts, number: int, draw: random.Random) -> TransactionFacts:
    chip = next(chip for chip in all_chips() if chip.slug == facts.item.chip)
    place = facts.route.to_country
    owner = OwnerFacts(f"Owner {number} Holdings", Decimal(draw.randint(1, 100)))
    roles = (PartyRole.PURCHASER, PartyRole.ULTIMATE_CONSIGNEE, PartyRole.END_USER)
    parties = tuple(
        PartyFacts(role, f"Party {number} {role}", place, place, draw.choice(PLACES), owners=(owner,), listings=())
        for role in roles
    )
    return replace(
        facts,
        item=replace(
            item_of(chip), form=draw.choice((Form.BARE_CHIP, Form.SERVER)), has_encryption=True, quantity=number % 4096
        ),
        parties=parties,
        remote_users=(RemoteUserFacts(f"User {number}", draw.choice(PLACES)),),
        list_snapshots=("us-csl@2026-07-31:0123456789abcdef",),
    )


def _days(count: int) -> list[date]:
    first, last = min(each.book().begins for each in REGIMES), date(2026, 11, 22)
    step = max(1, (last - first).days // max(1, count - 1))
    return [first + timedelta(days=n * step) for n in range(count) if first + timedelta(days=n * step) <= last]


def _mean_bytes(rows: list[Kept]) -> int:
    sample = rows[:: max(1, len(rows) // 500)]
    return sum(len(row.inputs) + len(row.result) for row in sample) // len(sample)


if __name__ == "__main__":
    main()
