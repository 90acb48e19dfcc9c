"""``manage.py lists``: load or fetch screening lists, match everyone again, tell the health of the lists."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from ledger.errors import DomainError, InvalidInput
from procurement.screening import rescreening
from procurement.screening.fetching import Fetched, fetch_lists
from procurement.screening.health import ListHealth, list_alerts, list_health
from procurement.screening.list_services import LoadedList, Source, load_list
from procurement.screening.models import Rescreening

BAD_INPUT, REFUSED = 2, 3


class Command(BaseCommand):
    """Load or fetch lists, match everyone again, or tell the health of the lists in force."""

    help = (
        "Screening lists. load FILE: Consolidated Screening List (CSV, JSON), OFAC SDN.CSV, UN XML, FollowTheMoney "
        "entities (OpenSanctions), house CSV. fetch: from the official addresses (WRIT_LIST_SOURCES). rescreen: match "
        "everyone again, or go on with what was left. status: age, size and alerts of the lists in force."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """``load FILE``, ``fetch``, ``rescreen`` or ``status``."""
        parser.add_argument("what", choices=("load", "fetch", "rescreen", "status"))
        parser.add_argument("file", nargs="?", type=Path, help="the list, in any form that Writ reads")
        parser.add_argument("--source", default="", help="replaces the list of this source; by its form if left out")
        parser.add_argument("--fictional", action="store_true", help="it was invented, and every page says so")
        parser.add_argument("--published-on", type=date.fromisoformat, help="its date, where the file says none")
        parser.add_argument(
            "--confirm-drop", action="store_true", help="take it with more than 5 %% of entries gone, or an older one"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a list instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit status 0: done; 2: a file cannot be taken; 3: refused because too much is gone, or not to be had."""
        {"load": self._load, "fetch": self._fetch, "rescreen": self._rescreen, "status": self._status}[options["what"]](
            options
        )

    def _load(self, options: dict[str, Any]) -> None:
        if options["file"] is None or options["file"].is_dir():
            raise CommandError("Name the file to load: manage.py lists load FILE.", returncode=BAD_INPUT)
        source = Source(code=options["source"], is_fictional=options["fictional"], published_on=options["published_on"])
        try:
            loaded = load_list(
                actor=None,
                file=options["file"],
                source=source,
                is_drop_confirmed=options["confirm_drop"],
                progress=self._progress,
            )
        except DomainError as refusal:
            raise CommandError(refusal.message, returncode=_status_of(refusal)) from refusal
        self._tell(loaded, as_json=options["json"])

    def _fetch(self, options: dict[str, Any]) -> None:
        try:
            fetched = fetch_lists(actor=None, only=options["source"], progress=self._progress)
        except DomainError as refusal:
            raise CommandError(refusal.message, returncode=_status_of(refusal)) from refusal
        for each in fetched:
            if each.loaded is not None:
                self._tell(each.loaded, as_json=options["json"])
        _raise_first([each for each in fetched if each.refusal is not None])

    def _rescreen(self, options: dict[str, Any]) -> None:
        """What was left undone first; where nothing was, everyone against everything."""
        asked = rescreening.unfinished().values_list("pk", flat=True).last()
        if asked is None:
            with transaction.atomic():
                asked = rescreening.ask(purpose="Asked for at the command line", is_whole=True)
        if asked is None:
            self.stdout.write("Nobody was ever screened: nothing to do.")
            return
        rescreening.run(asked, self._progress)
        done = Rescreening.objects.get(pk=asked)
        self.stdout.write(
            f"{done.done_count:,} parties matched again: {done.new_hits:,} new hits, {done.withdrawn_hits:,} withdrawn."
        )

    def _progress(self, done: int, total: int) -> None:
        """How far the re-screening is, on the terminal of whoever waits."""
        if sys.stderr.isatty():
            self.stderr.write(f"\r{done:,} of {max(done, total):,} parties matched again", ending="")

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

    def _status(self, options: dict[str, Any]) -> None:
        for each in list_health():
            self.stdout.write(_as_json(each) if options["json"] else _in_words(each))
        for alert in list_alerts():
            if options["json"]:
                self.stdout.write(json.dumps({"alert": alert.code, "source": alert.source_code, "words": alert.words}))
            else:
                self.stdout.write(f"ALERT {alert.words}")


def _as_json(each: ListHealth) -> str:
    snapshot = each.snapshot
    plain = {"source": snapshot.source_code, "age_days": each.age_days, "is_stale": each.is_stale}
    return json.dumps({**plain, "entries": snapshot.entry_count})


def _in_words(each: ListHealth) -> str:
    snapshot = each.snapshot
    stale = ", STALE" if each.is_stale else ""
    fictional = ", fictional" if snapshot.is_fictional else ""
    return f"{snapshot}: {snapshot.entry_count:,} parties, {each.age_days} days old{stale}{fictional}"


def _raise_first(failed: list[Fetched]) -> None:
    """One exit status for all that failed, each with its reason."""
    if not failed:
        return
    words = " ".join(each.refusal.message for each in failed if each.refusal is not None)
    raise CommandError(words, returncode=max(_status_of(each.refusal) for each in failed))


def _status_of(refusal: DomainError | None) -> int:
    return BAD_INPUT if isinstance(refusal, InvalidInput) else REFUSED
