"""``manage.py chain JOB``: every link from the job back to the demand, with its reason."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.cli import BAD_INPUT
from allocation.chain.queries import chain_of_job
from allocation.chain.shown import chain_in_words, chain_json
from allocation.clock import database_now
from allocation.jobs.models import Job


class Command(BaseCommand):
    """Show the chain of a job as it stands now."""

    help = "Show the chain of a job. Exit status 0 once computed, whole or not; 2: no such job."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The job's reference."""
        parser.add_argument("job", help="reference, such as JOB-2026-00001")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show it."""
        job = Job.objects.filter(reference=options["job"]).first()
        if job is None:
            raise CommandError(f"There is no job {options['job']}.", returncode=BAD_INPUT)
        chain = chain_of_job(job, now=database_now())
        if options["json"]:
            self.stdout.write(json.dumps({"job": job.reference, **chain_json(chain)}, ensure_ascii=False))
        else:
            self.stdout.write("\n".join([f"Chain of {job.reference} ({job.state})", *chain_in_words(chain)]))
