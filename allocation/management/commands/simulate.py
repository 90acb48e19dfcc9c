"""``manage.py simulate TRACE``: replays recorded jobs through the placement code that the live pass drives."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.cli import BAD_INPUT
from allocation.scheduler.simulator.reports import NoSuchReplay, Report, Wanted, simulate


class Command(BaseCommand):
    """Replay a trace, print its figures and write its charts."""

    help = (
        "Replay a trace: default, cpu100, gpuspec33, gpushare100, multigpu50 (policies random, best-fit, fgd, writ), "
        "philly, or the path of your own list of jobs with the columns vc, arrival_s, gpus, duration_s, job_type "
        "(policies first-come, easy, greedy, oracle-shortest, writ). Exit status 0 once replayed; 2: no such thing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The trace, the policy, the size, the seed and where to write."""
        parser.add_argument("trace", help="a trace by name, or a path")
        parser.add_argument("--policy", default="writ")
        parser.add_argument("--nodes", type=int, help="how many nodes (of four devices for lists of jobs)")
        parser.add_argument("--seed", type=int, default=42, help="of the order of arrival")
        parser.add_argument("--out", type=Path, help="the page with the charts (default: simulation.html)")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay it."""
        wanted = Wanted(options["trace"], options["policy"], options["nodes"], options["seed"])
        report = self._replay(wanted, quiet=options["json"])
        out: Path = options["out"] or Path("simulation.html")
        out.write_text(report.html, encoding="utf-8")
        if options["json"]:
            self.stdout.write(json.dumps({**report.figures, "charts": str(out)}))
            return
        for name, value in report.figures.items():
            self.stdout.write(f"{name.replace('_', ' '):<28}{value}")
        self.stdout.write(f"Charts: {out}")

    def _replay(self, wanted: Wanted, *, quiet: bool) -> Report:
        if wanted.nodes is not None and wanted.nodes < 1:
            raise CommandError("There must be at least one node.", returncode=BAD_INPUT)
        progress = None if quiet else self._progress
        try:
            return simulate(wanted, folder=Path(settings.WRIT_DATA) / "traces", progress=progress)
        except NoSuchReplay as gone:
            raise CommandError(str(gone), returncode=BAD_INPUT) from gone
        except (KeyError, ValueError) as fault:
            raise CommandError(f"{wanted.trace} cannot be replayed: {fault}", returncode=BAD_INPUT) from fault

    def _progress(self, share: float) -> None:
        self.stderr.write(f"\r{share:>5.0%} ", ending="")
