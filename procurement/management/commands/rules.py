"""`manage.py rules`: whether a rule set is sound, and what it would change before it is switched on."""

from __future__ import annotations

import getpass
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import TextField
from django.db.models.functions import Cast

from procurement.determinations.differences import told_in_words
from procurement.determinations.models import Determination
from procurement.determinations.previews import keep_preview
from procurement.determinations.probing import probe
from procurement.determinations.replaying import Kept, Previewed, Switch, previewed
from procurement.determinations.rules import present
from procurement.regimes import rule_set
from procurement.regimes.dated import LawFault
from procurement.regimes.rule_set import RuleSet

BAD_FOLDER: Final = 2
PROCESSES: Final = 2
TOLD_EVERY_S: Final = 1.0


class Command(BaseCommand):
    """Check a rule set, or preview what it would change; the last preview has a page for officers."""

    help = "Check a rule set, or preview it. Exit status: 0 sound or computed, 2 a bad folder (names file and key)."
    requires_system_checks: list[str] = []  # a set that does not load is what this command looks into

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`check [FOLDER]` and `preview FOLDER`."""
        acts = parser.add_subparsers(dest="act", required=True)
        check = acts.add_parser("check", help="read a set whole, and ask it on each day its law changes")
        check.add_argument(
            "folder", nargs="?", help="a folder laid out us_ear/rule_versions.yaml, ...; else the present set"
        )
        preview = acts.add_parser("preview", help="what a set would change of the determinations that stand")
        preview.add_argument("folder", help="files it leaves out are the packages' own")
        preview.add_argument(
            "--on", type=date.fromisoformat, metavar="DATE", help="answer all for this day, old set and new"
        )
        preview.add_argument("--json", action="store_true", help="JSON instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit status 0 whatever would change; 2 where the folder is bad."""
        try:
            if options["act"] == "check":
                self._check(options["folder"] or settings.WRIT_RULES)
            else:
                self._preview(options)
        except LawFault as fault:
            raise CommandError(str(fault), returncode=BAD_FOLDER) from fault

    def _check(self, folder: str) -> None:
        rules = _sound(folder)
        for name, book in rules.books.items():
            self.stdout.write(f"{name} {book.digest[:12]}: {len(book.texts)} files, read until {book.read_until}")
        self.stdout.write(f"Sound: {probe(rules)} questions answered on each day the law changes.")

    def _preview(self, options: dict[str, Any]) -> None:
        rules = _sound(options["folder"])
        switch = Switch(rules, present() if options["on"] else None, options["on"])
        found = list(self._told(previewed(_standing(), switch, processes=PROCESSES)))
        keep_preview(rules=rules, on=options["on"], found=found, account=getpass.getuser())
        tell = in_json if options["json"] else in_words
        self.stdout.write(tell(rules, found))

    def _told(self, rows: Iterator[Previewed]) -> Iterator[Previewed]:
        """The rows as they come, with progress for the person who waits."""
        total, begun, told = _count(), monotonic(), monotonic()
        for done, row in enumerate(rows, start=1):
            if monotonic() - told > TOLD_EVERY_S:
                told = monotonic()
                left = (told - begun) / done * (total - done)
                self.stderr.write(f"{done:,} of {total:,} determinations, about {left:.0f} s left")
            yield row
        self.stderr.write(f"{total:,} determinations in {monotonic() - begun:.1f} s")


def in_json(rules: RuleSet, found: list[Previewed]) -> str:
    """The whole preview as one JSON object."""
    changed = [each for each in found if each.differences or each.fault]
    told = {
        "rule_sets": {name: book.digest for name, book in rules.books.items()},
        "determinations": len(found),
        "unchanged": len(found) - len(changed),
        "changed": [each.to_json() for each in changed if each.differences],
        "faults": [each.to_json() for each in changed if each.fault],
    }
    return json.dumps(told, ensure_ascii=False)


def in_words(rules: RuleSet, found: list[Previewed]) -> str:
    """The preview, order by order."""
    changed = [each for each in found if each.differences]
    faults = [each for each in found if each.fault]
    sets = ", ".join(f"{name} {book.digest[:12]}" for name, book in rules.books.items())
    lines = [f"Rule set: {sets}", f"{len(found)} determinations stand; {len(changed)} would change."]
    for each in changed:
        lines.append(f"\n{each.reference}, {each.regime}, {each.on}:")
        lines += told_in_words(each.differences) if each.differences else []
    lines += [f"\n{each.reference}, {each.regime}, {each.on}: cannot be answered: {each.fault}" for each in faults]
    return "\n".join(lines)


def _sound(folder: str) -> RuleSet:
    return rule_set.from_folder(Path(folder)) if folder else rule_set.own()


def _count() -> int:
    return Determination.objects.filter(superseded_at=None).count()


def _standing() -> Iterator[Kept]:
    """Every determination that stands, as stored, order by order."""
    rows = Determination.objects.filter(superseded_at=None).order_by("order__reference", "regime")
    texts = rows.annotate(inputs_text=Cast("inputs", TextField()), result_text=Cast("result", TextField()))
    fields = ("order__reference", "regime", "on", "inputs_text", "result_text")
    for row in texts.values_list(*fields).iterator(chunk_size=500):
        yield Kept(*row)
