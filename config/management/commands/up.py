"""`manage.py up`: the whole of Writ on this machine, until Ctrl-C."""

import importlib.util
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from config.boot import refuse_privileged_role
from config.embedded.services import release
from config.embedded.state import state_folder
from config.preparation import only_one_at_a_time, prepare, refuse_busy_port
from config.processes import DemoPeople, control_plane, host_agent
from config.supervisor import Supervisor, say


class Command(BaseCommand):
    """Starts the web UI, the worker, the pulse and this machine's host agent, with the demo's people."""

    help = "Runs Writ on 127.0.0.1 with the demo's people, until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The port."""
        parser.add_argument("--port", type=int, default=8000, help="port of the web UI on 127.0.0.1 (8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepares, starts, waits for Ctrl-C, stops."""
        port = options["port"]
        if not 1 <= port <= 65535:
            raise CommandError(f"--port {port} must be from 1 to 65535.", returncode=2)
        url = f"http://127.0.0.1:{port}"
        with only_one_at_a_time(url):
            refuse_busy_port(port)
            prepare(say)
            refuse_privileged_role()
            run(port, url, demo_people())
            connections.close_all()
            release()
        say("stopped; no process is left")


def demo_people() -> DemoPeople:
    """Makes sure that the demo's people exist."""
    if importlib.util.find_spec("config.demo.people") is None:
        return DemoPeople()
    seeded: DemoPeople = importlib.import_module("config.demo.people").seed()
    return seeded


def run(port: int, url: str, people: DemoPeople) -> None:
    """Starts the processes and watches over them."""
    with Supervisor(report=say) as supervisor:
        supervisor.start(control_plane(port))
        supervisor.start(host_agent(port, host) for host in people.hosts)
        if not supervisor.is_asked_to_stop:
            announce(url, people)
        supervisor.watch()
        say("stopping")


def announce(url: str, people: DemoPeople) -> None:
    """Where to go, and as whom."""
    say(f"Writ answers at {url}  (logs in {state_folder() / 'log'}; Ctrl-C stops every process)")
    width = max((len(one.email) for one in people.sign_ins), default=0)
    for one in people.sign_ins:
        say(f"  {one.email:<{width}}  {one.password}  {one.who}")
