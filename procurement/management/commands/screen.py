"""``manage.py screen NAME``: look a name up in the lists in force; every search is logged with its purpose."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.errors import DomainError, InvalidInput
from procurement.screening.batch import BatchLine, read_batch
from procurement.screening.loaders.countries import country_code
from procurement.screening.services import SearchResult, search

BAD_INPUT, REFUSED = 2, 3
PURPOSE_LIMIT = 200


class Command(BaseCommand):
    """Screen one name, or many."""

    help = "Look a name up in the screening lists in force. A hit is evidence, not a verdict."

    def add_arguments(self, parser: CommandParser) -> None:
        """``NAME`` or ``--batch FILE``."""
        parser.add_argument("name", nargs="?", help="the name to look up")
        parser.add_argument(
            "--batch", metavar="FILE", help="CSV (name, country, ref) or JSON lines; - for standard input"
        )
        parser.add_argument("--country", default="", help="the party's country: evidence for or against a hit")
        parser.add_argument("--purpose", default="ad hoc", help="why; logged with the account")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit status 0: looked up, whatever was found; 2: bad input; 3: refused, such as without any list."""
        if (options["name"] is None) == (options["batch"] is None):
            raise CommandError("Give either a NAME or --batch FILE.", returncode=BAD_INPUT)
        purpose = f"{options['purpose'].strip()[:PURPOSE_LIMIT]} (command line, account {_account()})"
        if options["batch"] is not None:
            self._batch(options["batch"], purpose)
            return
        country = country_code(options["country"])
        if options["country"] and not country:
            raise CommandError(f"Unknown country {options['country']!r}.", returncode=BAD_INPUT)
        try:
            result = search(actor=None, name=options["name"], purpose=purpose, countries=(country,) if country else ())
        except DomainError as refusal:
            raise _as_exit(refusal) from refusal
        self._tell(result, as_json=options["json"])

    def _batch(self, path: str, purpose: str) -> None:
        bad = 0
        with _opened(path) as lines:
            for line in read_batch(lines):
                answer = self._answer(line, purpose)
                bad += "error" in answer
                self.stdout.write(json.dumps(answer, ensure_ascii=False))
        if bad:
            raise CommandError(f"{bad} bad lines; the others were screened.", returncode=BAD_INPUT)

    def _answer(self, line: BatchLine, purpose: str) -> dict[str, Any]:
        marks: dict[str, Any] = {"line": line.number, "ref": line.ref}
        if line.fault:
            return {**marks, "error": line.fault}
        try:
            result = search(actor=None, name=line.name, purpose=purpose, countries=line.countries)
        except InvalidInput as refusal:
            return {**marks, "name": line.name, "error": refusal.message}
        except DomainError as refusal:
            raise _as_exit(refusal) from refusal
        return {**marks, **_plain(result)}

    def _tell(self, result: SearchResult, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(_plain(result), ensure_ascii=False))
            return
        lists = "; ".join(_list_words(each) for each in result.snapshots)
        self.stdout.write(f"{result.name}: {len(result.hits)} hits in {lists}.")
        for hit in result.hits:
            self.stdout.write(f"  {hit['score'] / 10:5.1f}  {hit['list']}  {hit['matched_name']}  [{hit['entry']}]")
            self.stdout.write(f"         {hit['effect_words']} {' '.join(hit['reasons'])}")


def _plain(result: SearchResult) -> dict[str, Any]:
    return {"name": result.name, "hits": list(result.hits), "lists": list(result.snapshots)}


def _list_words(snapshot: dict[str, Any]) -> str:
    fictional = ", fictional" if snapshot["is_fictional"] else ""
    return f"{snapshot['title']} of {snapshot['published_on']}{fictional}"


def _as_exit(refusal: DomainError) -> CommandError:
    status = BAD_INPUT if isinstance(refusal, InvalidInput) else REFUSED
    return CommandError(refusal.message, returncode=status)


def _account() -> str:
    """The account of the system that runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


@contextmanager
def _opened(path: str) -> Iterator[Iterable[str]]:
    """The lines of a file or of standard input.

    Raises:
        CommandError: no such file, or not UTF-8.
    """
    try:
        if path == "-":
            with open(sys.stdin.fileno(), encoding="utf-8", newline="", closefd=False) as lines:
                yield lines
            return
        with open(path, encoding="utf-8", newline="") as file:
            yield file
    except OSError as fault:
        raise CommandError(f"{path}: {fault.strerror}.", returncode=BAD_INPUT) from fault
    except UnicodeDecodeError as fault:
        raise CommandError(f"{path} is not UTF-8 text (byte {fault.start}).", returncode=BAD_INPUT) from fault
