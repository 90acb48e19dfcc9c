"""``manage.py evidence JOB --as EMAIL``: the signed evidence pack of one job's GPU time."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.cli import BAD_INPUT, REFUSED, actor_from, add_actor_option
from accounts.permissions import Act
from allocation.evidence.services import Release, export_evidence
from allocation.jobs.models import Job
from ledger.errors import DomainError, InvalidInput
from ledger.keys import public_key_hex


class Command(BaseCommand):
    """Write an evidence pack; ``ledger/offline/verify.py`` checks it with the public key alone."""

    help = "Write the evidence pack of a job. Exit status: 0 written, 2 bad input, 3 refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The job, who exports, for whom, why, and where to."""
        parser.add_argument("job", help="reference, such as JOB-2026-00001")
        add_actor_option(parser)
        parser.add_argument("--recipient", default="the operator's own file", help="to whom the pack goes")
        parser.add_argument("--basis", default="internal audit", help="the legal basis of handing it out")
        parser.add_argument("--out", type=Path, help="file to write (JOB.evidence.json)")
        parser.add_argument("--json", action="store_true", help="one JSON object about it instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, and say how it is verified."""
        actor = actor_from(options, Act.EXPORT_EVIDENCE)
        job = Job.objects.select_related("filing__order", "grant").filter(reference=options["job"]).first()
        if job is None:
            raise CommandError(f"There is no job {options['job']}.", returncode=BAD_INPUT)
        release = Release(recipient=options["recipient"], legal_basis=options["basis"])
        path = options["out"] or Path(f"{job.reference}.evidence.json")
        try:
            path.write_bytes(export_evidence(actor=actor, job=job, release=release))
        except (InvalidInput, OSError) as fault:
            raise CommandError(str(fault), returncode=BAD_INPUT) from fault
        except DomainError as refusal:
            raise CommandError(refusal.message, returncode=REFUSED) from refusal
        self._tell(path, as_json=options["json"])

    def _tell(self, path: Path, *, as_json: bool) -> None:
        key = public_key_hex()
        if as_json:
            self.stdout.write(json.dumps({"file": str(path), "public_key": key}))
            return
        self.stdout.write(f"{path} is written. Verify it anywhere, with nothing of Writ but one file:")
        self.stdout.write(f"  python ledger/offline/verify.py {path} --public-key {key}")
