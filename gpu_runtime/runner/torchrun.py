"""A gang: torchrun starts this host's processes and meets the other hosts' (c10d), and a dead process ends them all.

torchrun knows no drain: on SIGTERM it kills. So the runner stays in between. It turns SIGTERM into a file that every
process sees, the processes agree on the step after which they stop, and their verdict comes back as a file too.
Standard library only.
"""

import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from gpu_runtime.runner.attempt import Attempt, Meeting
from gpu_runtime.runner.stopping import EXIT_DRAINED, Stopping

STOP, VERDICT = "stop", "verdict"
JOIN_SECONDS = 120
UNASKED_SECONDS = 60
EXIT_FAILED = 1
SIOCGIFADDR = 0x8915  # Source: Linux, include/uapi/linux/sockios.h


def is_rank(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in environment


def launch_gang(run_dir: Path, attempt: Attempt, stopping: Stopping) -> int:
    """Start this host's processes under torchrun and wait for their end.

    Returns:
        0 or 75 as the processes agreed; 1 where one of them, here or on another host, died.
    """
    asked = threading.Event()

    def stop(*_: object) -> None:
        (run_dir / STOP).touch()
        asked.set()

    stopping.hold_for_work()
    signal.signal(signal.SIGTERM, stop)
    if stopping.asked():
        stop()
    gang = subprocess.Popen(
        torchrun_command(run_dir, attempt), env={**os.environ, **wire(attempt.meeting)}, start_new_session=True
    )
    if gang.wait() != 0:
        sys.stderr.write("The gang has ended: one of its processes died.\n")
        return EXIT_FAILED
    return _verdict(run_dir, asked)


def _verdict(run_dir: Path, asked: threading.Event) -> int:
    """What the processes agreed on. Where another host was told to stop first, our own word is waited for."""
    verdict = int((run_dir / VERDICT).read_text())
    if verdict == EXIT_DRAINED:
        asked.wait(UNASKED_SECONDS)
    return verdict


def torchrun_command(run_dir: Path, attempt: Attempt) -> list[str]:
    """torchrun's words for this host. Nothing is restarted: another attempt is another token."""
    meeting = attempt.meeting or Meeting(1, 0, "127.0.0.1:0", "alone")
    address = meeting.place.rpartition(":")[0].strip("[]")
    return [
        sys.executable, "-m", "torch.distributed.run", f"--nnodes={meeting.hosts}",
        f"--nproc-per-node={attempt.processes_here}", "--max-restarts=0", "--rdzv-backend=c10d",
        f"--rdzv-endpoint={meeting.place}", f"--rdzv-id={meeting.name}",
        f"--rdzv-conf=is_host={str(meeting.rank == 0).lower()},join_timeout={JOIN_SECONDS}",
        f"--local-addr={address if meeting.rank == 0 else own_address(meeting.place)}",
        "-m", "gpu_runtime.runner", str(run_dir),
    ]  # fmt: skip


def wire(meeting: Meeting | None) -> dict[str, str]:
    """The network interface that leads to the others, for gloo and NCCL, which would else guess by the host's name."""
    if meeting is None:
        return {}
    name = interface_of(own_address(meeting.place))
    return {"GLOO_SOCKET_IFNAME": name, "NCCL_SOCKET_IFNAME": name} if name else {}


def own_address(place: str) -> str:
    """The address of ours that the meeting place is reached from; no packet is sent."""
    host, _, port = place.rpartition(":")
    family, kind, number, _, target = socket.getaddrinfo(host.strip("[]"), int(port) or 1, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, number) as probe:
        probe.connect(target)
        return str(probe.getsockname()[0])


def interface_of(address: str) -> str | None:
    """The name of the interface that has this IPv4 address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                found = fcntl.ioctl(asking, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            if socket.inet_ntoa(found[20:24]) == address:
                return name
    return None
