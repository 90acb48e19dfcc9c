"""Guards and agents as real processes, for tests."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from gpu_runtime.agent.guards import kill_leftovers, living_of
from gpu_runtime.guard.desk import connect_to_desk
from gpu_runtime.guard.order import END, MARKER, ORDER, End, HostDevice, Marker, Order, read_paper, write_paper
from gpu_runtime.launchers.local import LocalLauncher
from gpu_runtime.protocol import as_json, public_key_text
from gpu_runtime.protocol.messages import ClaimAnswer, RenewVerdict, WarrantKey
from tests.integration.gpu_runtime.control_plane import CODE, Placed, SmallControlPlane

HERE = Path(__file__).parent
RUNNERS = HERE / "runners"
PATIENCE_SECONDS = 20.0


def until(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Look again and again until the condition holds; fails loudly when it never does."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found


class GuardOnTrial:
    """One guard without an agent: the test asks and answers in the agent's stead."""

    def __init__(
        self, root: Path, plane: SmallControlPlane, runner: str = "obedient.sh", containment: str = "best"
    ) -> None:
        self.plane = plane
        self.placed = Placed(str(uuid4()), {"steps": 3}, ("D1",))
        self.folder = root / "private" / self.placed.attempt_id
        self.run_folder = root / "runs" / self.placed.attempt_id
        for path in (self.folder, self.run_folder.parent, root / "checkpoints"):
            path.mkdir(parents=True, exist_ok=True)
        for path in (root, self.run_folder.parent, root / "checkpoints"):
            path.chmod(0o711)
        (root / "private").chmod(0o700)
        write_paper(self.folder / ORDER, self._order(root))
        self.launcher = LocalLauncher(
            (sys.executable, "-m", "gpu_runtime.launchers.nest", containment, "/bin/sh", str(RUNNERS / runner))
        )
        self.launcher.launch(self.folder)
        self.line = self.connect()

    def _order(self, root: Path) -> Order:
        return Order(
            attempt_id=self.placed.attempt_id,
            host_id=self.plane.host_id,
            devices=(HostDevice("D1", "H200 SXM", "cpu-emulated"), HostDevice("D2", "H200 SXM", "cpu-emulated")),
            warrant_keys=(WarrantKey(self.plane.key_id, public_key_text(self.plane.warrant_key.verify_key)),),
            ttl_ms=self.plane.ttl_ms,
            grace_ms=self.plane.grace_ms,
            run_folder=str(self.run_folder),
            checkpoint_root=str(root / "checkpoints"),
            hidden_folders=(str(root / "private"),),
        )

    def connect(self) -> socket.socket:
        """A line to the guard's desk."""
        line = connect_to_desk(self.folder)
        line.settimeout(PATIENCE_SECONDS)
        return line

    def ask(self, **question: Any) -> dict[str, Any]:
        """Ask the guard, and wait for its answer."""
        self.line.sendall(json.dumps(question).encode() + b"\n")
        heard = b""
        while not heard.endswith(b"\n"):
            data = self.line.recv(1 << 16)
            assert data, "the guard has gone"
            heard += data
        return json.loads(heard)

    def nonce(self) -> str:
        """The guard's nonce for the next request."""
        return self.ask(op="nonce")["nonce"]

    def claim_answer(self, own_nonce: str, **changes: Any) -> dict[str, Any]:
        """The control plane's answer to this guard's claim, with any field of the warrant changed."""
        warrant = self.plane.warrant(self.placed, own_nonce, **changes)
        return as_json(ClaimAnswer(warrant, self.placed.spec, self.plane.place_of(self.placed)))

    def claim(self) -> dict[str, Any]:
        """Claim and start."""
        return self.ask(op="claim", answer=self.claim_answer(self.nonce()))

    def renew(self, answer: str = "run", **changes: Any) -> dict[str, Any]:
        """Renew as the control plane would."""
        nonce = self.nonce()
        warrant = None if answer == "stop" else self.plane.warrant(self.placed, nonce, answer, **changes)
        verdict = RenewVerdict(self.placed.attempt_id, answer, True, warrant, f"test says {answer}")
        return self.ask(op="verdict", verdict=as_json(verdict))

    def log(self) -> str:
        """What the runner wrote."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("runner.*.log")))

    def living(self) -> list[int]:
        """Living processes of the attempt, found from outside."""
        return living_of(self.folder)

    def marker(self) -> Marker:
        """Who holds the runner."""
        return until(lambda: read_paper(Marker, self.folder / MARKER))

    def end(self) -> End:
        """The guard's last paper."""
        return until(lambda: read_paper(End, self.folder / END))

    def clear(self) -> None:
        """Leave nothing behind after a test."""
        _kill(self.launcher.guard_pid)
        self.launcher.close()
        until(lambda: not kill_leftovers(self.folder))


class AgentOnTrial:
    """One agent as a process of its own, with its state folder."""

    def __init__(self, root: Path, plane: SmallControlPlane, runner: str | None = "obedient.sh") -> None:
        """The runner is one of the stand-ins, a path, or None for the real one."""
        self.state, self.plane, self.runner = root / "host", plane, runner
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> "AgentOnTrial":
        """Start it, or start it again on the same state."""
        arguments = ["--state-dir", str(self.state), "--control-url", self.plane.url, "--emulate", "2"]
        program = ["-m", "gpu_runtime.agent"]
        if self.runner is not None:
            program = [str(HERE / "stand_in_agent.py"), str(RUNNERS / self.runner)]
        self.process = subprocess.Popen(
            [
                sys.executable,
                *program,
                *arguments,
                *(options or ("--enrol-code", CODE)),
            ],
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), "WRIT_SECRET": "not for runners"},
            stderr=subprocess.PIPE,
        )
        return self

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send it a signal and wait for its end."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def folder(self, placed: Placed) -> Path:
        """The guard's folder of an attempt on this host."""
        return self.state / "private" / "attempts" / placed.attempt_id

    def log(self) -> str:
        """The agent's own log."""
        return (self.state / "agent.log").read_text()

    def clear(self) -> None:
        """Leave nothing behind after a test."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        for folder in (self.state / "private" / "attempts").glob("*"):
            marker = read_paper(Marker, folder / MARKER)
            if marker is not None:
                _kill(marker.guard_pid)
            until(lambda folder=folder: not kill_leftovers(folder))


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
