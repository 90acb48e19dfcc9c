"""``manage.py lists load FILE``: put a screening list in force, and screen everyone again on what changed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.errors import DomainError, InvalidInput
from procurement.screening.list_services import LoadedList, load_list
from procurement.screening.queries import list_health

BAD_INPUT, REFUSED = 2, 3


class Command(BaseCommand):
    """Load a list, or tell the health of those in force."""

    help = "Load a screening list (Consolidated Screening List CSV or JSON, OFAC SDN.CSV, UN XML, house CSV)."

    def add_arguments(self, parser: CommandParser) -> None:
        """``load FILE`` or ``status``."""
        parser.add_argument("what", choices=("load", "status"))
        parser.add_argument("file", nargs="?", type=Path, help="the list, in any form that Writ reads")
        parser.add_argument("--source", default="", help="replaces the list of this source; by its form if left out")
        parser.add_argument("--fictional", action="store_true", help="it was invented, and every page says so")
        parser.add_argument("--published-on", type=date.fromisoformat, help="its date, where the file says none")
        parser.add_argument("--confirm-drop", action="store_true", help="take it with more than 5 %% of entries gone")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit status 0: done; 2: the file cannot be taken; 3: refused because too much of it is gone."""
        if options["what"] == "status":
            self._tell_status(as_json=options["json"])
            return
        if options["file"] is None or options["file"].is_dir():
            raise CommandError("Name the file to load: manage.py lists load FILE.", returncode=BAD_INPUT)
        try:
            loaded = load_list(
                actor=None,
                file=options["file"],
                source_code=options["source"],
                is_fictional=options["fictional"],
                published_on=options["published_on"],
                is_drop_confirmed=options["confirm_drop"],
            )
        except DomainError as refusal:
            status = BAD_INPUT if isinstance(refusal, InvalidInput) else REFUSED
            raise CommandError(refusal.message, returncode=status) from refusal
        self._tell(loaded, as_json=options["json"])

    def _tell(self, loaded: LoadedList, *, as_json: bool) -> None:
        snapshot = loaded.snapshot
        if as_json:
            plain = {
                "source": snapshot.source_code,
                "title": snapshot.title,
                "published_on": snapshot.published_on.isoformat(),
                "entries": snapshot.entry_count,
                "names": snapshot.name_count,
                "sha256": snapshot.sha256,
                "is_new": loaded.is_new,
                "changed": loaded.changed,
                "rescreened": loaded.rescreened,
            }
            self.stdout.write(json.dumps(plain, ensure_ascii=False))
            return
        if not loaded.is_new:
            self.stdout.write(f"{snapshot} is in force already: nothing to do.")
            return
        self.stdout.write(
            f"{snapshot} is in force: {snapshot.entry_count:,} parties, {snapshot.name_count:,} names; "
            f"{loaded.changed:,} entries changed, {loaded.rescreened:,} parties screened again."
        )

    def _tell_status(self, *, as_json: bool) -> None:
        for each in list_health():
            snapshot = each.snapshot
            if as_json:
                plain = {"source": snapshot.source_code, "age_days": each.age_days, "is_stale": each.is_stale}
                self.stdout.write(json.dumps({**plain, "entries": snapshot.entry_count}))
                continue
            stale = ", STALE" if each.is_stale else ""
            fictional = ", fictional" if snapshot.is_fictional else ""
            self.stdout.write(
                f"{snapshot}: {snapshot.entry_count:,} parties, {each.age_days} days old{stale}{fictional}"
            )
