"""`manage.py determine`: what each regime says of a transaction, one or many."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from django.core.management.base import BaseCommand, CommandError

from ledger.errors import InvalidInput
from procurement.determinations.ad_hoc import Asked, Published, read_day, read_question
from procurement.determinations.batch import BadLine, BatchFault, Question, questions
from procurement.determinations.comparing import both_days, published_pair
from procurement.determinations.differences import differences, told_in_words
from procurement.determinations.names import GROUPS, NAMES
from procurement.determinations.services import determine_ad_hoc

BAD_INPUT: Final = 2
CHUNK: Final = 200


class Command(BaseCommand):
    """Determine a transaction, or each line of a file; every question is logged with who asked and why."""

    help = "Say what each regime asks of a transaction. Exit status: 0 computed, 2 bad input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One transaction by options, or many by --batch."""
        for group in GROUPS:
            added = parser.add_argument_group(group.title)
            for each in group.names:
                option, words = f"--{each.name.replace('_', '-')}", each.words.replace("%", "%%")
                added.add_argument(option, dest=f"ask_{each.name}", metavar="VALUE", help=words)
        parser.add_argument("--batch", metavar="FILE", help="CSV or JSON lines of the same names; - is standard input")
        parser.add_argument("--against", metavar="DATE", help="answer for this day too, and say what differs from --on")
        parser.add_argument("--purpose", default="asked at the command line", help="why it is asked; kept on record")
        parser.add_argument("--json", action="store_true", help="JSON instead of words (a batch is always JSON)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit status 0 once computed, whatever the lane; 2 for bad input."""
        given = {name: options[f"ask_{name}"] for name in NAMES if options[f"ask_{name}"] is not None}
        if options["against"] and options["batch"]:
            raise CommandError("--against compares one transaction, not a batch.", returncode=BAD_INPUT)
        if options["against"]:
            self._two(given, options)
        elif options["batch"] is None:
            self._one(given, options)
        elif given:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise CommandError(f"--batch takes its values from the file: leave {names} out.", returncode=BAD_INPUT)
        else:
            self._many(options)

    def _one(self, given: dict[str, Any], options: dict[str, Any]) -> None:
        try:
            (answer,) = _determine([read_question(given)], options["purpose"])
        except InvalidInput as wrong:
            raise CommandError(wrong.message, returncode=BAD_INPUT) from wrong
        self.stdout.write(json.dumps(answer.to_json(), ensure_ascii=False) if options["json"] else in_words(answer))

    def _two(self, given: dict[str, Any], options: dict[str, Any]) -> None:
        try:
            against = read_day("against", options["against"])
            first, second = _determine(list(both_days(read_question(given), against)), options["purpose"])
        except InvalidInput as wrong:
            raise CommandError(wrong.message, returncode=BAD_INPUT) from wrong
        told = published_pair(first, second)
        self.stdout.write(json.dumps(told, ensure_ascii=False) if options["json"] else pair_in_words(first, second))

    def _many(self, options: dict[str, Any]) -> None:
        bad = 0
        try:
            with _opened(options["batch"]) as lines:
                for chunk in _chunks(questions(lines)):
                    bad += self._answer(chunk, options["purpose"])
        except OSError as fault:
            raise CommandError(f"{options['batch']}: {fault.strerror}.", returncode=BAD_INPUT) from fault
        except (BatchFault, InvalidInput, UnicodeDecodeError) as fault:
            raise CommandError(f"{options['batch']}: {fault}", returncode=BAD_INPUT) from fault
        if bad:
            raise CommandError(f"{bad} bad lines; every other line was answered.", returncode=BAD_INPUT)

    def _answer(self, chunk: list[Question], purpose: str) -> int:
        answers = iter(_determine([each for each in chunk if isinstance(each, Asked)], purpose))
        for each in chunk:
            told = next(answers).to_json() if isinstance(each, Asked) else each.to_json()
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        return sum(isinstance(each, BadLine) for each in chunk)


def in_words(answer: Published) -> str:
    """The answer as plain text."""
    item = answer.facts.item
    lines = [f"{item.name}: TPP {answer.to_json()['tpp']}, PD {answer.to_json()['pd']}, {answer.on}"]
    for each in answer.determinations:
        policy = f" ({each.review_policy.replace('_', ' ')})" if each.review_policy else ""
        lines.append(f"\n{each.regime}: {each.lane.replace('_', ' ')}{policy}")
        lines += [f"  - {reason.text} [{reason.citation or reason.rule}]" for reason in each.reasons]
        lines += [f"  certify {each_one.id}: {each_one.title}" for each_one in each.certifications]
        lines += [f"  verify: {text}" for text in each.unverified]
        lines += [f"  ahead {clock.on}: {clock.text}" for clock in each.upcoming]
    return "\n".join(lines)


def pair_in_words(first: Published, second: Published) -> str:
    """Both answers as plain text, and what differs between them."""
    lines = [in_words(first), "", in_words(second), "", f"From {first.on} to {second.on}:"]
    for one, other in zip(first.determinations, second.determinations, strict=True):
        lines += [f"{one.regime}:", *told_in_words(differences(one.to_json(), other.to_json()))]
    return "\n".join(lines)


def _determine(asked: list[Asked], purpose: str) -> list[Published]:
    made = determine_ad_hoc(actor=None, asked=asked, purpose=purpose, account=getpass.getuser())
    return [answer for _row, answer in made]


def _opened(name: str) -> IO[str]:
    if name == "-":
        return open(sys.stdin.fileno(), encoding="utf-8-sig", newline="", closefd=False)
    return Path(name).open(encoding="utf-8-sig", newline="")


def _chunks(each: Iterator[Question]) -> Iterator[list[Question]]:
    while chunk := list(islice(each, CHUNK)):
        yield chunk
