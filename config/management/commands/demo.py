"""``manage.py demo``: the whole story, against real services, told as it goes."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from accounts.models import User
from accounts.services import issue_token
from allocation.inventory.models import Host
from config.boot import refuse_privileged_role
from config.demo import attacking, buying, people, proving, using
from config.demo.http import Client, Visitor
from config.demo.narrator import Narrator, StoryBroken
from config.embedded.services import release
from config.embedded.state import secret, state_folder
from config.preparation import only_one_at_a_time, prepare, refuse_busy_port
from config.processes import control_plane, host_agent
from config.supervisor import Supervisor, reporter


class Command(BaseCommand):
    """Tell the story of an order that becomes a job, and of a job that stops when it must."""

    help = "Run the whole story against real services. Exit status 0: every step was as it must be."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The port."""
        parser.add_argument("--port", type=int, default=0, help="port of the web on 127.0.0.1 (a free one)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line instead of words")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start everything, tell the story, stop everything."""
        if not 0 <= options["port"] <= 65535:
            raise CommandError(f"--port {options['port']} must be from 1 to 65535.", returncode=2)
        port, report = options["port"] or _free_port(), reporter(as_json=options["json"])
        with only_one_at_a_time(f"http://127.0.0.1:{port}"):
            refuse_busy_port(port)
            prepare(report)
            refuse_privileged_role()
            people.seed()
            people.load_real_lists(report)
            with Supervisor(report=report) as supervisor:
                supervisor.start(control_plane(port))
                try:
                    tell(Narrator(as_json=options["json"]), supervisor, port)
                except StoryBroken as broken:
                    logs = state_folder() / "log"
                    raise CommandError(f"The story broke. {broken}\nLogs: {logs}", returncode=1) from broken
            connections.close_all()
            release()
        report("the story is told; no process is left. `make up` opens what it made in a browser.")


def tell(narrator: Narrator, supervisor: Supervisor, port: int) -> None:
    """The ten chapters."""
    run = Host.objects.filter(name__startswith=people.HOST_PREFIX).count() + 1
    buying.show_catalogue(narrator)
    first, second, third = buying.place_orders(narrator, run)
    buying.show_determinations(narrator, first, second, third)
    buying.decide_first_order(narrator, first)
    bought = buying.license_and_receive(narrator, first, run)
    supervisor.start([host_agent(port, using.enrol_host(bought))])
    host = using.see_devices(narrator, bought)
    filing = using.approve_filing(narrator, bought)
    client, visitor = Client(f"http://127.0.0.1:{port}", _token()), Visitor(f"http://127.0.0.1:{port}")
    visitor.sign_in(people.email_of("olivia"), secret("demo-password"))
    job = using.train(narrator, client, filing)
    second_job = using.suspend_and_reinstate(narrator, using.Doors(client, visitor), bought, job)
    attacking.attack(narrator, host, second_job)
    proving.prove(narrator, second_job)


def _token() -> str:
    user = User.objects.get(email=people.email_of("chen"))
    return issue_token(user=user, membership=people.actor("chen").membership, label="the story")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
