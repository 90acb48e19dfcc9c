"""`make chaos`, or `python -m tests.chaos --seed 7 --seconds 60`: one run, its report, status 1 for a violation."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.plant import TIMES, Plant, until

os.environ.update(TIMES)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main(arguments: list[str]) -> int:
    """Run one seed and say what came of it."""
    parser = argparse.ArgumentParser(prog="tests.chaos")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60, help="how long faults are brought about")
    parser.add_argument("--settle", type=float, default=240, help="how long jobs may take to end afterwards")
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--report", type=Path, help="a file to which the result is added, one JSON object a line")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="writ-chaos-", ignore_cleanup_errors=True) as folder:
        result = run(options, Path(folder))
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    if options.report:
        with options.report.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
    return 1 if result["violations"] else 0


def run(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Build the plant, bring the faults about, let it settle, and have it checked."""
    import django

    os.environ["WRIT_KEYS"] = str(folder / "keys")
    os.environ.setdefault("WRIT_STATE", str(folder / "state"))  # servers of its own: Redis is flushed
    django.setup()
    from tests.chaos.stage import Stage

    folder.chmod(0o711)
    with Stage(folder, options.jobs) as stage:
        plant: Plant = stage.plant
        if not until(stage.is_ready, 180):
            raise SystemExit(f"The plant did not come up; its logs:\n{stage.last_words()}")
        began = time.time()
        schedule = stage.schedule(options.seed)
        schedule.run(options.seconds)
        settled = until(lambda: (plant.keep_up(), stage.is_settled())[1], options.settle)
        plant.stop()
        return {
            "seed": options.seed,
            "fault_seconds": options.seconds,
            "whole_seconds": round(time.time() - began),
            "faults": dict(sorted(schedule.done.items())),
            "settled": settled,
            **stage.counts(),
            "violations": stage.violations(schedule),
        }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
