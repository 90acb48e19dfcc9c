"""Takes each guard out in a copy of the working tree and runs the one test that must go red.

`python -m tests.mutants [WORD ...]`: all of them, or those whose name or invariant holds one of the words.
Exit status: 0 every test went red, 1 one did not (its mutant survived), or the list no longer fits the code.
The copies share the embedded services of this checkout, and have test databases of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.list import MUTANTS
from tests.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 2
LIMIT_S = 420
# A test that fails by one of these says that the mutant does not run, not that the guard was missed.
BROKEN = ("SyntaxError", "IndentationError", "ImportError", "ModuleNotFoundError", "NameError", "UnboundLocalError")


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: ``killed``, ``SURVIVED``, or ``INVALID`` with why."""

    mutant: Mutant
    verdict: str
    told: str
    seconds: float


def main(words: Sequence[str]) -> int:
    """Run the mutants, print the table, and say by the exit status whether all were killed."""
    chosen = [each for each in MUTANTS if not words or any(w in f"{each.name} {each.invariant}" for w in words)]
    faults = [fault for each in chosen for fault in misfits(each)]
    if faults or not chosen:
        print("\n".join(faults) or "No mutant has such a name.")
        return 1
    _start_services()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="writ-mutants-") as folder:
        copies = [copy_tree(Path(folder) / f"copy-{number}") for number in range(AT_ONCE)]
        try:
            untouched = run_tests(copies[0], sorted({each.test for each in chosen}))
            if untouched:
                print("These tests fail with every guard in place:\n" + "\n".join(untouched))
                return 1
            outcomes = _run_all(chosen, copies)
        finally:
            for copy in copies:
                drop_databases(copy)
    return report(outcomes, time.monotonic() - began)


def misfits(mutant: Mutant) -> list[str]:
    """Why a mutant no longer fits the code: its text has to occur exactly once."""
    found = (ROOT / mutant.file).read_text().count(mutant.old)
    return [] if found == 1 else [f"{mutant.name}: its text occurs {found} times in {mutant.file}, not once."]


def _start_services() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.embedded.services import ensure

    ensure()


def copy_tree(target: Path) -> Path:
    """The working tree as it stands, with this checkout's Python environment."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    (target / ".venv").symlink_to(ROOT / ".venv")
    return target


def _run_all(chosen: Sequence[Mutant], copies: Sequence[Path]) -> list[Outcome]:
    """Two at a time, each in a copy that nobody else works on; those that change migrations last."""
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)
    ordered = sorted(chosen, key=lambda each: "/migrations/" in each.file)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda mutant: _run_one(mutant, free), ordered))


def _run_one(mutant: Mutant, free: SimpleQueue[Path]) -> Outcome:
    copy, began = free.get(), time.monotonic()
    try:
        with patched(copy / mutant.file, mutant):
            verdict, told = judge(copy, mutant)
    finally:
        free.put(copy)
    outcome = Outcome(mutant, verdict, told, time.monotonic() - began)
    print(f"{outcome.verdict:9} {outcome.seconds:5.1f} s  {mutant.invariant:14} {mutant.name}", flush=True)
    return outcome


@contextmanager
def patched(path: Path, mutant: Mutant) -> Iterator[None]:
    """The file without its guard, and afterwards as it was."""
    kept = path.read_text()
    path.write_text(kept.replace(mutant.old, mutant.new))
    try:
        yield
    finally:
        path.write_text(kept)


def judge(copy: Path, mutant: Mutant) -> tuple[str, str]:
    """Whether the mutant's test went red, and in which words."""
    results = copy / "results.xml"
    results.unlink(missing_ok=True)
    output = _pytest(copy, ["-x", mutant.test, f"--junitxml={results}"])
    if not results.exists():
        return "INVALID", output[-600:]
    cases = list(ET.parse(results).iter("testcase"))
    failures = [found.get("message", "") for case in cases if (found := case.find("failure")) is not None]
    errors = [found.get("message", "") for case in cases if (found := case.find("error")) is not None]
    if errors or any(message.startswith(BROKEN) for message in failures):
        return "INVALID", "; ".join([*errors, *failures])[:600]
    ran = [case for case in cases if case.find("skipped") is None]
    return ("killed", failures[0].splitlines()[0][:120]) if failures else ("SURVIVED", f"{len(ran)} tests passed")


def run_tests(copy: Path, tests: Sequence[str]) -> list[str]:
    """The tests that do not pass, by name."""
    results = copy / "results.xml"
    output = _pytest(copy, [*tests, f"--junitxml={results}"], limit_s=LIMIT_S * 3)
    if not results.exists():
        return [output[-2000:]]
    cases = list(ET.parse(results).iter("testcase"))
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return [f"{case.get('classname')}::{case.get('name')}" for case in bad]


def _pytest(copy: Path, arguments: Sequence[str], limit_s: int = LIMIT_S) -> str:
    state = os.environ.get("WRIT_STATE") or str(ROOT / ".writ")
    environment = {**os.environ, "WRIT_STATE": state, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", *arguments]
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return f"It took longer than {limit_s} s."
    return done.stdout + done.stderr


def drop_databases(copy: Path) -> None:
    """Removes the test databases that a copy made, by the program that names them."""
    program = (
        "from tests import databases as d\n"
        "with d._maintenance() as c:\n"
        "    names = [row[0] for row in c.execute('SELECT datname FROM pg_database').fetchall()]\n"
        "    for name in names:\n"
        "        if name.startswith((d._TEMPLATE_PREFIX, d._CLONE_PREFIX)):\n"
        "            d.drop_clone(name)\n"
    )
    state = os.environ.get("WRIT_STATE") or str(ROOT / ".writ")
    subprocess.run([sys.executable, "-c", program], cwd=copy, env={**os.environ, "WRIT_STATE": state}, check=False)


def report(outcomes: Sequence[Outcome], seconds: float) -> int:
    """The table, by invariant, and what went wrong in full."""
    print()
    for each in sorted(outcomes, key=lambda outcome: outcome.mutant.invariant):
        mutant = each.mutant
        print(f"{each.verdict:9} {mutant.invariant:14} {mutant.name:62} {mutant.test.partition('::')[2][:70]}")
    bad = [each for each in outcomes if each.verdict != "killed"]
    for each in bad:
        print(f"\n{each.verdict}: {each.mutant.name} ({each.mutant.file})\n  {each.mutant.test}\n  {each.told}")
    print(f"\n{len(outcomes) - len(bad)} of {len(outcomes)} mutants killed in {seconds:.0f} s.")
    return 1 if bad else 0
