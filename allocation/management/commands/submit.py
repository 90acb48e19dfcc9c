"""``manage.py submit JOB.yaml --as EMAIL``: hand in a job; its chain is checked link by link."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.cli import BAD_INPUT, REFUSED, actor_from, add_actor_option
from accounts.permissions import Act
from allocation.chain.queries import chain_of_job
from allocation.chain.shown import chain_in_words, chain_json
from allocation.clock import database_now
from allocation.jobs.lines import MAX_BYTES
from allocation.jobs.models import Job
from allocation.jobs.services import submit_job
from ledger.errors import ComplianceRefusal, DomainError, InvalidInput


class Command(BaseCommand):
    """Submit a job file."""

    help = "Submit a job. Exit status: 0 submitted, 2 bad input, 3 refused by compliance (with the reasons)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file and who submits."""
        parser.add_argument("file", help="the job file (YAML); - is standard input")
        add_actor_option(parser)
        parser.add_argument("--json", action="store_true", help="one JSON object instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Submit, and show the chain it rests on."""
        actor = actor_from(options, Act.SUBMIT_JOB)
        try:
            job = submit_job(actor=actor, source=_read(options["file"]))
        except ComplianceRefusal as refusal:
            raise CommandError(_in_words(refusal), returncode=REFUSED) from refusal
        except InvalidInput as fault:
            raise CommandError(_in_words(fault), returncode=BAD_INPUT) from fault
        self._tell(job, as_json=options["json"])

    def _tell(self, job: Job, *, as_json: bool) -> None:
        chain = chain_of_job(job, now=database_now())
        if as_json:
            told = {"job": job.reference, "id": str(job.pk), "state": job.state, "chain": chain_json(chain)}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        self.stdout.write("\n".join([f"{job.reference} is submitted.", *chain_in_words(chain)]))


def _in_words(refusal: DomainError) -> str:
    reasons = [reason for reason in refusal.blockers if reason != refusal.message]
    return "\n".join([refusal.message, *(f"  {reason}" for reason in reasons)])


def _read(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read(MAX_BYTES + 1) if name == "-" else _file(name)
        return raw.decode("utf-8")
    except OSError as fault:
        raise CommandError(f"{name}: {fault.strerror}.", returncode=BAD_INPUT) from fault
    except UnicodeDecodeError as fault:
        raise CommandError(f"{name} is not UTF-8 text (byte {fault.start}).", returncode=BAD_INPUT) from fault


def _file(name: str) -> bytes:
    with Path(name).open("rb") as file:
        return file.read(MAX_BYTES + 1)
