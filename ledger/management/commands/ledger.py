"""``manage.py ledger verify``: recompute the whole record."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.keys import public_key_hex
from ledger.sealing import seal_everything
from ledger.verification import Report, verify_ledger


class Command(BaseCommand):
    """Verify the ledger, or print the public key that evidence packs are checked with."""

    help = "Verify the append-only record: rows, seals, signed heads and their witness."

    def add_arguments(self, parser: CommandParser) -> None:
        """``verify`` or ``public-key``."""
        parser.add_argument("what", choices=("verify", "public-key"))
        parser.add_argument("--json", action="store_true", help="one JSON object instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit status 0: whole; 1: not."""
        if options["what"] == "public-key":
            key = public_key_hex()
            self.stdout.write(json.dumps({"public_key": key}) if options["json"] else key)
            return
        seal_everything()
        report = verify_ledger(progress=lambda rows: print(f"{rows} rows checked", file=sys.stderr))
        self._tell(report, as_json=options["json"])
        if not report.is_whole:
            sys.exit(1)

    def _tell(self, report: Report, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({**asdict(report), "is_whole": report.is_whole}))
            return
        verdict = "whole" if report.is_whole else "NOT WHOLE"
        witness = f"{report.witnessed} witnessed" if report.has_witness else "no witness: the operator's word"
        self.stdout.write(f"The ledger is {verdict}: {report.rows} rows, {report.heads} signed heads, {witness}.")
        for fault in report.faults:
            self.stdout.write(f"  {fault}")
        if report.late:
            self.stdout.write(f"  {report.late} rows older than a minute are not sealed: is the sealer running?")
