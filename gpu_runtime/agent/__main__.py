"""`python -m gpu_runtime.agent`: serve this host until SIGTERM (stops its attempts) or SIGHUP (leaves them)."""

import argparse
import logging
import logging.handlers
import os
import platform
import signal
import sys
from pathlib import Path

from gpu_runtime.agent.bell import Bell
from gpu_runtime.agent.control import ControlPlane, Denied, Unreachable
from gpu_runtime.agent.driver import NOTHING_OF_OURS
from gpu_runtime.agent.enrolment import enrol_host
from gpu_runtime.agent.host import Agent, Host
from gpu_runtime.agent.inventory import EmulatedInventory, Inventory, InventoryUnusable, nvidia_inventory
from gpu_runtime.agent.state import HostState, StateInUse
from gpu_runtime.guard.isolation import probe_isolation
from gpu_runtime.guard.plan import PROGRAMS
from gpu_runtime.launchers import Launcher
from gpu_runtime.launchers.local import LocalLauncher
from gpu_runtime.launchers.slurm import SlurmLauncher, SlurmSite
from gpu_runtime.protocol import KeyUnusable

LOG_BYTES = 4 << 20
BAD_INPUT = 2


def read_options(arguments: list[str]) -> argparse.Namespace:
    """The command line. A wrong one ends the program with status 2 and a message."""
    parser = argparse.ArgumentParser(prog="gpu_runtime.agent", description="The Writ agent of one GPU host.")
    parser.add_argument("--state-dir", type=Path, required=True, help="the host's own folder; made when absent")
    parser.add_argument("--control-url", required=True, help="the control plane, such as https://writ.example.org")
    parser.add_argument("--enrol-code", help="the one-time code, the first time only")
    parser.add_argument("--name", default=platform.node(), help="what people call this host")
    parser.add_argument("--emulate", type=int, metavar="N", help="N devices that the CPU emulates, instead of NVML")
    parser.add_argument("--chip", default="H200 SXM", help="the chip model that emulated devices stand for")
    parser.add_argument("--serials", default="", help="serial numbers of the emulated devices, comma-separated")
    parser.add_argument("--redis-url", help="where the bell rings, if not where enrolment said; it polls anyway")
    parser.add_argument("--address", default="", help="where the hosts of a gang reach this one; its name")
    parser.add_argument("--hide", action="append", default=[], help="a folder that no runner may see (repeatable)")
    return parser.parse_args(arguments)


def main(arguments: list[str], *, launcher: Launcher | None = None) -> int:
    """Run the agent.

    Args:
        launcher: how guards are started; as processes of this host when absent.

    Returns:
        0 after an orderly end; 2 when it cannot serve, with one sentence on standard error.
    """
    options = read_options(arguments)
    os.umask(0o077)
    try:
        host = _prepare(options, launcher or choose_launcher(os.environ.get("WRIT_LAUNCHER", "local")))
    except (StateInUse, KeyUnusable, InventoryUnusable, Denied, Unreachable, ValueError, OSError) as error:
        sys.stderr.write(f"gpu_runtime.agent: {error}\n")
        return BAD_INPUT
    agent = Agent(host)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.leave(stop_guards=True))
    signal.signal(signal.SIGHUP, lambda *_: agent.leave(stop_guards=False))
    agent.serve()
    return 0


def choose_launcher(name: str) -> Launcher:
    """How guards are started here, as `WRIT_LAUNCHER` says.

    Raises:
        ValueError: for a launcher that there is not.
    """
    match name:
        case "local":
            return LocalLauncher()
        case "slurm":
            return SlurmLauncher(SlurmSite.from_environment())
    raise ValueError(f"WRIT_LAUNCHER={name!r} is no launcher; it is local or slurm")


def _prepare(options: argparse.Namespace, launcher: Launcher) -> Host:
    state = HostState(options.state_dir)
    _log_to(state.root / "agent.log")
    inventory = _inventory(options, state)
    isolation = str(probe_isolation(state.runs, [sys.executable, *PROGRAMS, str(state.checkpoints)]))
    identity = state.identity
    control = ControlPlane(options.control_url, state, identity.host_id if identity else "")
    if identity is None:
        if not options.enrol_code:
            raise ValueError("this host has not enrolled; give it the one-time code with --enrol-code")
        devices = inventory.devices(NOTHING_OF_OURS)
        identity = enrol_host(state, control, options.enrol_code, options.name, isolation, devices)
    bell = Bell(options.redis_url or identity.bell_url or None, identity.queue, state.root / "bell.log")
    hidden = tuple(str(Path(folder).absolute()) for folder in options.hide)
    return Host(state, identity, control, inventory, launcher, bell, isolation, hidden, options.address)


def _inventory(options: argparse.Namespace, state: HostState) -> Inventory:
    if options.emulate is None:
        return nvidia_inventory()
    serials = [serial.strip() for serial in options.serials.split(",") if serial.strip()]
    return EmulatedInventory(state.private / "emulated.json", options.emulate, options.chip, serials)


def _log_to(path: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
