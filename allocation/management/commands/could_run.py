"""``manage.py could_run JOB.yaml --as EMAIL``: could this run, when, under which licence? Nothing is submitted."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.cli import BAD_INPUT, REFUSED, actor_from, add_actor_option
from accounts.permissions import Act
from allocation.scheduler.explain import Answer, could_run
from ledger.canonical import instant
from ledger.errors import DomainError


class Command(BaseCommand):
    """Ask before submitting."""

    help = "Ask whether a job file could run. Exit status: 0 it could, 2 bad input, 3 it would be refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and who asks."""
        parser.add_argument("file", help="the job file (YAML); - is standard input")
        add_actor_option(parser)
        parser.add_argument("--json", action="store_true", help="one JSON object instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, and tell."""
        actor = actor_from(options, Act.SUBMIT_JOB)
        try:
            source = sys.stdin.read() if options["file"] == "-" else Path(options["file"]).read_text(encoding="utf-8")
            answer = could_run(actor=actor, source=source)
        except (OSError, UnicodeDecodeError) as fault:
            raise CommandError(f"{options['file']} cannot be read: {fault}", returncode=BAD_INPUT) from fault
        except DomainError as fault:
            raise CommandError("\n".join((fault.message, *fault.blockers)), returncode=BAD_INPUT) from fault
        self.stdout.write(json.dumps(as_json(answer)) if options["json"] else "\n".join(in_words(answer)))
        if not answer.could_run:
            raise CommandError("It would be refused.", returncode=REFUSED)


def in_words(answer: Answer) -> list[str]:
    """The answer, a line each."""
    if not answer.could_run:
        return list(answer.blockers)
    lines = ["It could start at once." if answer.starts_now else "It could run, and would wait first."]
    lines += [answer.reason] if answer.reason else []
    if answer.position:
        lines.append(f"It would stand at position {answer.position} among those who want the same devices.")
    if answer.start:
        early, likely, late = (f"{moment:%d %b %Y %H:%M}" for moment in answer.start)
        lines.append(f"It may start about {likely} UTC, between {early} and {late}; no promise.")
    lines.append(f"Licensed devices free for it now: {answer.fitting}.")
    for licence in answer.licences:
        until = f", use until {licence.until:%d %b %Y %H:%M} UTC" if licence.until else ""
        lines.append(f"{licence.side} {licence.reference}{until}")
    return lines


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer as plain values."""
    return {
        "could_run": answer.could_run,
        "blockers": list(answer.blockers),
        "licences": [
            {"reference": each.reference, "side": each.side, "until": instant(each.until) if each.until else None}
            for each in answer.licences
        ],
        "fitting": answer.fitting,
        "starts_now": answer.starts_now,
        "reason": answer.reason,
        "position": answer.position,
        "start": [instant(moment) for moment in answer.start] if answer.start else None,
    }
