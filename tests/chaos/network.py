"""Hosts on wires of their own: one network namespace each, on a bridge in the namespace that the whole trial lives in.

The trial starts itself again under `unshare --net --mount`: what it makes goes away with its last process, and nothing
of the machine's own network is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NoReturn

HUB: Final = "10.77.0.1"
INSIDE: Final = "WRIT_CHAOS_INSIDE"
_NAMES: Final = Path("/run/netns")
_PROBE: Final = "ip link add name writ-probe type bridge && ip link add wp0 type veth peer name wp1"


def why_not() -> str | None:
    """Why this machine cannot hold the trial; None where it can."""
    if os.geteuid() != 0:
        return "network namespaces take root"
    missing = [name for name in ("ip", "unshare", "nsenter", "mount") if shutil.which(name) is None]
    if missing:
        return f"{missing[0]} is not installed (iproute2, util-linux)"
    tried = subprocess.run([*_unshare(), "sh", "-c", _PROBE], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"network namespaces cannot be made here: {tried.stderr.strip()[:200]}"


def _unshare() -> list[str]:
    return ["unshare", "--net", "--mount", "--propagation", "private"]


def is_inside() -> bool:
    """Whether this process lives in the trial's own namespaces already."""
    return INSIDE in os.environ


def go_inside(arguments: list[str]) -> NoReturn:
    """Become the same program in namespaces of its own."""
    command = [*_unshare(), sys.executable, "-m", "tests.chaos", *arguments]
    os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})  # noqa: S606 - no shell


class Wires:
    """The bridge, and a cable to each host that can be pulled and plugged in."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        _NAMES.mkdir(parents=True, exist_ok=True)
        _run("mount -t tmpfs writ-netns /run/netns")
        _run("ip link set lo up")
        _run("ip link add name writ type bridge")
        _run(f"ip addr add {HUB}/24 dev writ")
        _run("ip link set writ up")

    def add(self, name: str) -> list[str]:
        """A namespace for a host.

        Returns:
            The words that, put before a command, run it there.
        """
        cable = f"cable{len(self.hosts)}"
        _run(f"ip netns add {name}")
        _run(f"ip link add {cable} type veth peer name eth0 netns {name}")
        _run(f"ip link set {cable} master writ up")
        inside = ["nsenter", f"--net={_NAMES / name}", "--"]
        self.hosts.append(name)
        for words in ("link set lo up", f"addr add {self.address(name)}/24 dev eth0", "link set eth0 up"):
            _run(" ".join([*inside, "ip", words]))
        return inside

    def address(self, name: str) -> str:
        """Where the others reach a host."""
        return f"10.77.0.{10 + self.hosts.index(name)}"

    def cut(self, name: str) -> None:
        """Pull the cable: packets vanish, nobody is told."""
        _run(f"ip link set cable{self.hosts.index(name)} down")

    def heal(self, name: str) -> None:
        """Plug it in again."""
        _run(f"ip link set cable{self.hosts.index(name)} up")


def _run(command: str) -> None:
    subprocess.run(command.split(), check=True, capture_output=True)
