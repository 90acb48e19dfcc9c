"""`manage.py up`: the whole of Writ on this machine, until Ctrl-C."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from config.boot import refuse_privileged_role
from config.demo import people
from config.embedded.services import release
from config.embedded.state import state_folder
from config.preparation import only_one_at_a_time, prepare, refuse_busy_port
from config.processes import DemoPeople, control_plane, host_agent
from config.supervisor import Supervisor, reporter, say


class Command(BaseCommand):
    """Starts the web UI, the worker, the pulse and this machine's host agent, with the demo's people."""

    help = "Runs Writ on 127.0.0.1 with the demo's people, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The port."""
        parser.add_argument("--port", type=int, default=8000, help="port of the web UI on 127.0.0.1 (8000)")
        parser.add_argument(
            "--json", action="store_true", help="say where it answers, and for whom, as one JSON object"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepares, starts, waits for Ctrl-C, stops."""
        port = options["port"]
        if not 1 <= port <= 65535:
            raise CommandError(f"--port {port} must be from 1 to 65535.", returncode=2)
        url, as_json = f"http://127.0.0.1:{port}", options["json"]
        report = reporter(as_json=as_json)
        with only_one_at_a_time(url):
            refuse_busy_port(port)
            prepare(report)
            refuse_privileged_role()
            run(port, people.seed(), announce=announce_json if as_json else announce, report=report)
            connections.close_all()
            release()
        report("stopped; no process is left")


def run(
    port: int, seeded: DemoPeople, *, announce: Callable[[str, DemoPeople], None], report: Callable[[str], None]
) -> None:
    """Starts the processes and watches over them."""
    with Supervisor(report=report) as supervisor:
        supervisor.start(control_plane(port))
        supervisor.start(host_agent(port, host) for host in seeded.hosts)
        if not supervisor.is_asked_to_stop:
            announce(f"http://127.0.0.1:{port}", seeded)
        supervisor.watch()
        report("stopping")


def announce(url: str, seeded: DemoPeople) -> None:
    """Where to go, and as whom."""
    say(f"Writ answers at {url}  (logs in {state_folder() / 'log'}; Ctrl-C stops every process)")
    width = max((len(one.email) for one in seeded.sign_ins), default=0)
    for one in seeded.sign_ins:
        say(f"  {one.email:<{width}}  {one.password}  {one.who}")


def announce_json(url: str, seeded: DemoPeople) -> None:
    """The same for a program."""
    sys.stdout.write(json.dumps({"url": url, "sign_ins": [asdict(one) for one in seeded.sign_ins]}) + "\n")
    sys.stdout.flush()
