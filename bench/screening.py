"""Speed and accuracy of screening on the real list: ``make bench-screening``.

``--long`` measures the whole of what the short form samples; ``--peers PYTHON`` names an interpreter that has
nomenklatura; ``--write`` puts the figures into bench/README.md. Data: WRIT_DATA.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import multiprocessing
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from bench.screening_names import SPOILERS, on_no_list, spoilt
from bench.screening_peers import (
    PLAIN_SCORERS,
    PUBLISHED_LOGICV2,
    Measured,
    Pair,
    at_threshold,
    best_in_list,
    best_threshold,
    logicv2_scores,
    plain,
    plain_scores,
)
from procurement.screening.loaders.formats import open_list
from procurement.screening.matching.index import CandidateIndex
from procurement.screening.matching.index_file import IndexFileBroken, load, save
from procurement.screening.matching.matcher import DEFAULT_THRESHOLD, match
from procurement.screening.matching.normalise import normalise, spellings
from procurement.screening.matching.scoring import compare
from procurement.screening.matching.subjects import Name, Subject

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("WRIT_DATA", ROOT.parent / "shared" / "data")) / "screening"
LIST = DATA / "csl_2026-07-31_projection.json"
PAIRS = DATA / "nomenklatura_name_bench_cases.csv"
README = ROOT / "bench" / "README.md"
INDEX = Path(tempfile.gettempdir()) / f"writ-bench-{os.getuid()}" / "csl.index"
OPENS, CLOSES = "<!-- screening: measured -->", "<!-- screening: end -->"
SEED = 1000
MOST_FALSE_ALERTS = 0.02
PARTIES = 100_000
CHANGED_ENTRIES = 250


@dataclass(frozen=True)
class Sizes:
    """How many of each kind are drawn."""

    queries: int = 400
    per_row: int = 100
    no_list: int = 400
    no_list_for_peers: int = 50
    parties: int = 1000

    @staticmethod
    def long() -> Sizes:
        """For a quiet machine and some minutes."""
        return Sizes(queries=5000, per_row=500, no_list=3000, no_list_for_peers=300, parties=PARTIES)


@dataclass
class World:
    """The list, its index, and who bears which name."""

    index: CandidateIndex
    names: list[str]
    bearers: defaultdict[str, set[str]]
    keys: list[str]
    names_of: dict[str, list[str]] = field(default_factory=dict)


def main() -> None:
    options = _options()
    sizes = Sizes.long() if options.long else Sizes()
    listed = world()
    lines = [
        *_heading(options.long),
        *_speed(listed, sizes),
        *_name_bench(listed.index, options.peers),
        *_robustness(listed, sizes),
    ]
    report = "\n".join(lines)
    print(report)
    if options.write:
        _write(report)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--peers", default=os.environ.get("WRIT_PEERS_PYTHON", ""))
    return parser.parse_args()


def world(path: Path = INDEX) -> World:
    """The index from its file where this code made it, else from the list; and who bears which name."""
    try:
        index = CandidateIndex(arrays=load(path))
    except (OSError, IndexFileBroken):
        index = CandidateIndex(entry.as_listed("csl") for entry in open_list(LIST).entries)
        save(index.arrays, path)
    made = World(index, [], defaultdict(set), [])
    for number in range(index.party_count):
        party = index.party(number)
        made.keys.append(party.key)
        made.names_of[party.key] = [name.text for name in party.names]
        made.names.extend(made.names_of[party.key])
    for row in range(len(index)):
        made.bearers[index.spelling(row).key].add(made.keys[index.party_of(row)])
    return made


def _heading(is_long: bool) -> list[str]:
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    load_now = os.getloadavg()[0]
    said = (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC at {commit.stdout.strip() or 'no commit'}, "
        f"{platform.machine()}, {os.cpu_count()} cores, load average {load_now:.1f} at the start, "
        f"Python {platform.python_version()}, {'long' if is_long else 'short (sampled)'} form, seed {SEED}, "
        f"threshold {DEFAULT_THRESHOLD}. Wall time grows with the machine's other load; CPU time less so."
    )
    return [said, ""]


def _subject(name: str) -> Subject:
    return Subject("", (Name(name),))


def _speed(world: World, sizes: Sizes) -> list[str]:
    half = sizes.queries // 2
    queries = [worse for _, worse in spoilt(world.names, "one typo", half, SEED)] + list(on_no_list(half, SEED))
    random.Random(SEED).shuffle(queries)
    for query in queries[:20]:
        match(_subject(query), world.index)
    wall, cpu = [], []
    for query in queries:
        subject = _subject(query)
        began, used = time.perf_counter(), time.thread_time()
        match(subject, world.index)
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.thread_time() - used) * 1000)
    loaded = _measured_load(INDEX)
    return [
        "| speed | measured | goal |",
        "|---|---|---|",
        _row("one name against the list, p50", f"{_at(cpu, 50):.2f} ms CPU ({_at(wall, 50):.2f} ms wall)", "1 ms"),
        _row("p99", f"{_at(cpu, 99):.2f} ms CPU ({_at(wall, 99):.2f} ms wall)", "5 ms"),
        _row("index load, a new process", f"{loaded['cpu']:.2f} s CPU ({loaded['wall']:.2f} s wall)", "under 1 s"),
        _row("memory it adds to that process", f"{loaded['mb']:.0f} MB", "under 300 MB"),
        *_rescreening(world, sizes),
        "",
    ]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _at(values: list[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


LOADING = """
import json, sys, time
from pathlib import Path
from procurement.screening.matching.index import CandidateIndex
from procurement.screening.matching.index_file import load
from procurement.screening.matching.matcher import match
from procurement.screening.matching.subjects import Name, Subject
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
before = resident()
began, used = time.perf_counter(), time.process_time()
index = CandidateIndex(arrays=load(Path(sys.argv[1])))
match(Subject("", (Name("Huawei Technologies"),)), index)
after = resident()
spent = {"wall": time.perf_counter() - began, "cpu": time.process_time() - used}
print(json.dumps({**spent, "mb": (after - before) / 1024}))
"""


def _measured_load(path: Path) -> dict[str, float]:
    """Load and first match in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOADING, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


_shared: dict[str, CandidateIndex] = {}


def _matched(job: tuple[str, list[str]]) -> float:
    """CPU seconds to match these names against one of the shared indexes."""
    which, names = job
    used = time.process_time()
    for name in names:
        match(_subject(name), _shared[which])
    return time.process_time() - used


def _rescreening(world: World, sizes: Sizes) -> Iterator[str]:
    """Everybody again, on two processes: against the entries of a list change, and against the whole list."""
    names = list(on_no_list(sizes.parties, SEED + 1))
    changed = set(random.Random(SEED).sample(world.keys, CHANGED_ENTRIES))
    _shared["changed"] = CandidateIndex(world.index.parties_of(changed), weights_of=world.index)
    _shared["whole"] = world.index
    scale = PARTIES / len(names)
    said = "" if scale == 1 else f", scaled from {len(names):,} parties"
    for which, words in (("changed", f"{CHANGED_ENTRIES} changed entries"), ("whole", "the whole list")):
        parts = [(which, names[at::8]) for at in range(8)]
        began = time.perf_counter()
        with multiprocessing.get_context("fork").Pool(2) as pool:
            cpu = sum(pool.map(_matched, parts, chunksize=1))
        wall = time.perf_counter() - began
        figure = f"{cpu / 2 * scale:.0f} s CPU on each of 2 cores ({wall * scale:.0f} s wall{said})"
        yield _row(f"{PARTIES:,} parties against {words}", figure, "under 60 s")


def _name_bench(index: CandidateIndex, peers: str) -> Iterator[str]:
    training, held_out = pairs_of(PAIRS)
    truths = ([true for _, true in training], [true for _, true in held_out])
    both = [pair for pair, _ in (*training, *held_out)]
    cut = len(training)
    scores: dict[str, list[float]] = {"Writ": [_pair_score(index, pair) for pair in both]}
    said = logicv2_scores(peers, both)
    if said is not None:
        scores[f"nomenklatura {said[0]} LogicV2"] = said[1]
    scores.update({f"rapidfuzz {name}": plain_scores(scorer, both) for name, scorer in PLAIN_SCORERS.items()})
    yield f"Name bench, the held-out half ({len(held_out)} of {len(both)} pairs, rule in `screening_split.txt`):"
    yield from ("", "| scorer | threshold | F1 | precision | recall |", "|---|---|---|---|---|")
    for name, all_scores in scores.items():
        mine, theirs = all_scores[:cut], all_scores[cut:]
        if name == "Writ":
            yield _measured_row(name, "as shipped", at_threshold(theirs, truths[1], DEFAULT_THRESHOLD))
        chosen = best_threshold(mine, truths[0])
        yield _measured_row(name, "best on the training half", at_threshold(theirs, truths[1], chosen))
        most = best_threshold(theirs, truths[1])
        yield _measured_row(name, "best on the held-out half itself", at_threshold(theirs, truths[1], most))
    if said is None:
        yield _row(
            "nomenklatura LogicV2", "not measured here: published, all 826 pairs", f"{PUBLISHED_LOGICV2}", "", ""
        )
    yield ""


def _measured_row(name: str, how: str, found: Measured) -> str:
    return _row(
        name, f"{found.threshold:.3f} ({how})", f"{found.f1:.3f}", f"{found.precision:.3f}", f"{found.recall:.3f}"
    )


def pairs_of(path: Path) -> tuple[list[tuple[Pair, bool]], list[tuple[Pair, bool]]]:
    """(training, held out) by the rule of screening_split.txt."""
    halves: tuple[list[tuple[Pair, bool]], list[tuple[Pair, bool]]] = ([], [])
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            digest = hashlib.sha256(f"{row['name1']}\x1f{row['name2']}".encode()).digest()
            pair = (row["schema"], row["name1"], row["name2"])
            halves[digest[0] < 128].append((pair, row["is_match"] == "true"))
    return halves


def _pair_score(index: CandidateIndex, pair: Pair) -> float:
    """The best of the two names' spellings against each other, scored as a listed name is."""
    return max(
        (compare(left, right, index.weight).score for left in spellings(pair[1]) for right in spellings(pair[2])),
        default=0.0,
    )


def _robustness(world: World, sizes: Sizes) -> Iterator[str]:
    strangers = [name for name in on_no_list(sizes.no_list, SEED) if normalise(name).key not in world.bearers]
    alerts = sum(bool(match(_subject(name), world.index)) for name in strangers) / len(strangers)
    cuts = {name: _peer_threshold(scorer, strangers, world, sizes) for name, scorer in PLAIN_SCORERS.items()}
    thresholds = ", ".join(f"{name} {cut:.3f}" for name, cut in cuts.items())
    yield (
        "Writ stands at its shipped threshold, with the false alerts of the last row; each peer at the least threshold "
        f"that alerts on at most {MOST_FALSE_ALERTS:.0%} of the names on no list, or at 1 where none does "
        f"({thresholds}; chosen on {min(len(strangers), sizes.no_list_for_peers)} of the very names measured, "
        "in the peers' favour)."
    )
    yield from ("", "| listed names made worse | Writ | " + " | ".join(cuts) + " |", "|---|---|" + "---|" * len(cuts))
    for spoiler in SPOILERS:
        drawn = spoilt(world.names, spoiler, sizes.per_row, SEED)
        ours = sum(_is_found(world, world.names[at], worse) for at, worse in drawn) / len(drawn)
        theirs = [_peer_recall(PLAIN_SCORERS[name], cut, drawn, world) for name, cut in cuts.items()]
        yield _row(f"{spoiler}: found", f"{ours:.1%}", *(f"{share:.1%}" for share in theirs))
    yield _row(
        f"on no list ({len(strangers)} names): false alerts",
        f"{alerts:.1%}",
        *("at most 2 %" if cut < 1 else "more than 2 % at any threshold" for cut in cuts.values()),
    )


def _is_found(world: World, name: str, worse: str) -> bool:
    """Whether a party that bears the name is among the hits."""
    bearers = world.bearers[normalise(name).key]
    return any(hit.listed.key in bearers for hit in match(_subject(worse), world.index))


def _peer_threshold(scorer: Callable[..., float], strangers: list[str], world: World, sizes: Sizes) -> float:
    """The least threshold at which the peer alerts on at most 2 % of the names on no list."""
    listed = [plain(name) for name in world.names]
    drawn = strangers[: sizes.no_list_for_peers]
    best = sorted((best_in_list(scorer, name, listed, 0.7) for name in drawn), reverse=True)
    return min(1.0, best[int(len(best) * MOST_FALSE_ALERTS)] + 1e-6)


def _peer_recall(scorer: Callable[..., float], cut: float, drawn: list[tuple[int, str]], world: World) -> float:
    """How often a name made worse still reaches the threshold against a name of a party that bears it."""
    found = 0
    for at, worse in drawn:
        bearers = world.bearers[normalise(world.names[at]).key]
        listed = [name for key in bearers for name in world.names_of[key]]
        found += any(scorer(plain(worse), plain(name)) / 100 >= cut for name in listed)
    return found / len(drawn)


def _write(report: str) -> None:
    """Put the figures between the section's marks."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(OPENS)
    _, _, after = rest.partition(CLOSES)
    README.write_text(f"{before}{OPENS}\n{report}\n{CLOSES}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
