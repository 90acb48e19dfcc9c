"""An attempt as its agent sees it: folders, a line to its guard, its claim, its news."""

import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from gpu_runtime.agent.forward import Forwarder
from gpu_runtime.agent.guards import GuardLine
from gpu_runtime.agent.state import HostState
from gpu_runtime.guard.order import CLAIM, ORDER, End, HostDevice, Order, read_paper, write_paper
from gpu_runtime.protocol.messages import ClaimAnswer, ClaimRequest, DeviceReport, EndRequest, EnrolAnswer

ASKED = "asked.json"
SILENT = "silent"
LAST_PIECES = 64


@dataclass(slots=True, eq=False)
class HostedAttempt:
    """One attempt on this host. What must outlive the agent lies in its folder, nothing in here alone."""

    attempt_id: str
    folder: Path
    line: GuardLine
    claim: ClaimAnswer | None = None
    forwarder: Forwarder | None = None
    phase: str = SILENT
    processes: int = 0
    ended: bool = field(default=False)
    last_pieces: int = LAST_PIECES

    @property
    def fencing_token(self) -> int:
        """The claim's token, 0 before there is one; no token is ever 0."""
        return self.claim.attempt.fencing_token if self.claim else 0

    @property
    def device_uuids(self) -> tuple[str, ...]:
        """The devices that its claim's warrant names; none before there is one."""
        named = self.claim.warrant.document.get("device_uuids") if self.claim else None
        return tuple(str(uuid) for uuid in named) if isinstance(named, list | tuple) else ()

    def remember_question(self, nonce: str) -> ClaimRequest:
        """Note the claim before it is sent, so that it can be asked again whatever happens."""
        question = ClaimRequest(self.attempt_id, nonce)
        write_paper(self.folder / ASKED, question)
        return question

    def asked(self) -> ClaimRequest | None:
        """The claim that was sent, or may have been; None where none was."""
        return read_paper(ClaimRequest, self.folder / ASKED)

    def take_claim(self, claim: ClaimAnswer, run_folder: Path) -> None:
        """Note the control plane's answer before the guard gets it."""
        write_paper(self.folder / CLAIM, claim)
        self.claim = claim
        self.forwarder = Forwarder(self.attempt_id, self.fencing_token, self.folder, run_folder)


def write_order(
    state: HostState,
    identity: EnrolAnswer,
    attempt_id: str,
    devices: tuple[DeviceReport, ...],
    hidden_folders: tuple[str, ...],
) -> Path:
    """Make an attempt's folder and the order for its guard.

    Raises:
        FileExistsError: if the attempt is, or was, on this host already.
    """
    folder = state.attempts / attempt_id
    folder.mkdir(mode=0o700)
    order = Order(
        attempt_id=attempt_id,
        host_id=identity.host_id,
        devices=tuple(HostDevice(device.uuid, device.chip_model, device.backend) for device in devices),
        warrant_keys=identity.warrant_keys,
        ttl_ms=identity.ttl_ms,
        grace_ms=identity.grace_ms,
        run_folder=str(state.runs / attempt_id),
        checkpoint_root=str(state.checkpoints),
        hidden_folders=(str(state.private), *hidden_folders),
    )
    write_paper(folder / ORDER, order)
    return folder


def find_attempt(state: HostState, folder: Path) -> HostedAttempt | None:
    """Take up an attempt that an agent before us left; a folder without an order is cleared away."""
    if read_paper(Order, folder / ORDER) is None:
        shutil.rmtree(folder)
        return None
    attempt = HostedAttempt(folder.name, folder, GuardLine(folder))
    claim = read_paper(ClaimAnswer, folder / CLAIM)
    if claim is not None:
        attempt.take_claim(claim, state.runs / attempt.attempt_id)
    return attempt


def is_attempt_id(text: str) -> bool:
    """Whether this is a UUID in its one spelling; it becomes a folder's name."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def end_of_dead_guard(started: bool) -> End:
    """What is reported for a guard that left no word, once nothing of its attempt lives."""
    what = "and its runner was killed with it" if started else "before it started the runner"
    return End(
        outcome="failed",
        exit_code=None,
        signal=None,
        message=f"the guard itself was killed, {what}",
        log_tail="",
        receipt=None,
        signalled_at=None,
        last_process_gone_at=None,
        signal_to_gone_ms=None,
        devices_clear=True,
    )


def end_request(attempt: HostedAttempt, end: End) -> EndRequest:
    """The guard's last paper as the message that carries it."""
    return EndRequest(
        attempt_id=attempt.attempt_id,
        fencing_token=attempt.fencing_token,
        outcome=end.outcome,
        exit_code=end.exit_code,
        signal=end.signal,
        message=end.message,
        log_tail=end.log_tail,
        receipt=end.receipt,
        signalled_at=end.signalled_at,
        last_process_gone_at=end.last_process_gone_at,
        signal_to_gone_ms=end.signal_to_gone_ms,
        devices_clear=end.devices_clear,
    )
