"""`make chaos`, or `python -m tests.chaos --seed 7 --seconds 600`: one run, its report, status 1 for a violation."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.network import go_inside, is_inside, why_not

if TYPE_CHECKING:
    from tests.chaos.plant import Plant

CANNOT_RUN = 3


def read_options(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.chaos")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600, help="how long faults are brought about")
    parser.add_argument("--settle", type=float, default=300, help="how long jobs may take to end afterwards")
    parser.add_argument("--jobs", type=int, default=16, help="how many jobs are on their way at any time")
    parser.add_argument("--schema", type=Path, help="a dump of the migrated database, which is quicker than to migrate")
    parser.add_argument("--measure", type=int, metavar="ROUNDS", help="no faults: how long what matters takes")
    parser.add_argument("--short-jobs", type=int, default=200, help="how many short jobs --measure sends through")
    parser.add_argument("--report", type=Path, help="a file to which the result is added, one JSON object a line")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one seed and say what came of it; status 3 where the machine lends no network namespaces."""
    options = read_options(arguments)
    if not is_inside():
        reason = why_not()
        if reason is not None:
            sys.stderr.write(f"chaos: skipped, {reason}\n")
            return CANNOT_RUN
        go_inside(arguments)
    with tempfile.TemporaryDirectory(prefix="writ-chaos-", ignore_cleanup_errors=True) as folder:
        result = run(options, Path(folder))
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    if options.report:
        with options.report.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
    return 1 if result["violations"] else 0


def run(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Build the plant, bring the faults about, let it settle, and have it checked."""
    from tests.chaos.plant import TIMES, Plant, until

    folder.chmod(0o711)
    if options.measure is None:
        os.environ.update(TIMES)
    os.environ |= {"WRIT_KEYS": str(folder / "keys"), "WRIT_STATE": str(folder / "state")}
    os.environ |= {"WRIT_ALLOWED_HOSTS": "10.77.0.1,testserver", "DJANGO_SETTINGS_MODULE": "config.settings"}
    began = time.time()
    plant = Plant(folder)
    plant.postgres.make()
    plant.start_servers()
    os.environ |= {"DATABASE_URL": plant.postgres.url, "REDIS_URL": plant.redis.url}
    import django

    django.setup()
    from tests.chaos.schedule import Schedule
    from tests.chaos.stage import Stage, Trial

    if options.measure is not None:
        return _measured(plant, options)
    with Stage(plant, Trial(options.seed, options.jobs, options.schema)) as stage:
        if not until(stage.is_ready, 180):
            raise SystemExit(f"The plant did not come up; its logs:\n{stage.last_words()}")
        ready = time.time()
        faults = stage.faults(options.seed)
        stage.meddler.is_meddling = True
        Schedule(faults, stage.keep_going).run(options.seconds)
        stage.meddler.is_meddling = False
        settled = until(lambda: (plant.keep_up(), stage.restore_for_good() and stage.is_settled())[1], options.settle)
        plant.stop()
        return {
            "seed": options.seed,
            "fault seconds": options.seconds,
            "seconds to come up": round(ready - began),
            "whole seconds": round(time.time() - began),
            "faults": dict(sorted((faults.done + stage.meddler.done).items())),
            "settled": settled,
            **stage.report(faults),
            "load": round(os.getloadavg()[1], 1),
        }


def _measured(plant: Plant, options: argparse.Namespace) -> dict[str, object]:
    from tests.chaos.measure import measure
    from tests.chaos.plant import until
    from tests.chaos.stage import Stage, Trial

    with Stage(plant, Trial(options.seed, 2, options.schema, (8, 8))) as stage:
        if not until(stage.is_ready, 180):
            raise SystemExit(f"The plant did not come up; its logs:\n{stage.last_words()}")
        return {**measure(stage, options.measure, options.short_jobs), "load": os.getloadavg()[1], "violations": []}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
