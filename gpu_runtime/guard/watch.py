"""The guard's watch: ask the lease what to do, do it, and leave one paper behind when nothing lives."""

import contextlib
import os
import selectors
from pathlib import Path
from types import FrameType
from typing import Any

from gpu_runtime.guard.clock import boot_id, boottime_ms, utc_now_text
from gpu_runtime.guard.cradle import Cradle, Departure
from gpu_runtime.guard.desk import Desk
from gpu_runtime.guard.isolation import Containment, Isolation
from gpu_runtime.guard.lease import Cause, Lease, Phase, Step
from gpu_runtime.guard.log import BoundedLog, log_tail
from gpu_runtime.guard.order import (
    END,
    MARKER,
    MAX_RECEIPT_BYTES,
    RECEIPT,
    End,
    Marker,
    Order,
    is_storable,
    read_untrusted,
    write_paper,
)
from gpu_runtime.guard.plan import RUNNER, Held, LevelTooLow, plan_runner
from gpu_runtime.guard.processes import find_process
from gpu_runtime.protocol import MessageMalformed, WarrantRefused, decode_json, parse
from gpu_runtime.protocol.messages import ClaimAnswer, Outcome, RenewVerdict

TICK_MS = 200
MIN_WAIT_MS = 5
DRAINED = 75
LOG_READ_BYTES = 1 << 16
NOT_ITS_OWN_USER = b"This runs as the agent's own user: no other can reach the interpreter and the sources here.\n"


class Guard:
    """One attempt on this host, from its claim to its last process."""

    def __init__(self, folder: Path, order: Order, containment: Containment, runner: tuple[str, ...] = RUNNER) -> None:
        self.folder, self.order, self.containment, self.runner = folder, order, containment, runner
        self.lease = Lease(order.terms(), boottime_ms())
        self.claim: ClaimAnswer | None = None
        self.cradle: Cradle | None = None
        self.log: BoundedLog | None = None
        self.refusal: str | None = None
        self.signalled: tuple[int, str] | None = None
        self.log_is_whole = True
        self.signal_taken: int | None = None
        self.selector = selectors.DefaultSelector()
        self.desk = Desk(folder, self.selector, self.answer)

    def stand(self) -> None:
        """Stand guard until the attempt is over and nothing of it lives; then write the end down."""
        while True:
            if self.signal_taken:
                self.lease.stop(boottime_ms(), f"the guard was told to stop by signal {self.signal_taken}")
            self._act()
            if self.lease.is_over:
                return
            if self.cradle:
                self.cradle.hold_until(self.lease.deadline_ms)
            wait_ms = max(MIN_WAIT_MS, min(TICK_MS, self.lease.wake_ms() - boottime_ms()))
            for key, _ in self.selector.select(wait_ms / 1000):
                if not self.lease.is_over:
                    key.data()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer one question of the agent.

        Raises:
            MessageMalformed: for what is no question.
        """
        try:
            match question:
                case {"op": "nonce"}:
                    return {"ok": True, "nonce": self.lease.nonce_for_request(boottime_ms()), **self._state()}
                case {"op": "claim", "answer": answer}:
                    self._take_claim(parse(ClaimAnswer, answer))
                case {"op": "verdict", "verdict": verdict}:
                    self.lease.take_verdict(parse(RenewVerdict, verdict), boottime_ms())
                case {"op": "stop", "reason": str(reason)}:
                    self.lease.stop(boottime_ms(), reason)
                case _:
                    raise MessageMalformed("op: expected nonce, claim, verdict or stop")
        except WarrantRefused as refused:
            return {"ok": False, "code": refused.code, "message": refused.message, **self._state()}
        return {"ok": True, **self._state()}

    def take_signal(self, number: int, frame: FrameType | None) -> None:
        """The host is shutting its guards down. Only noted here: a signal comes in the middle of anything."""
        self.signal_taken = number

    def _state(self) -> dict[str, Any]:
        return {"phase": self.lease.phase, "processes": self._processes()}

    def _processes(self) -> int:
        return max(0, len(self.cradle.remaining()) - 1) if self.cradle else 0

    def _take_claim(self, answer: ClaimAnswer) -> None:
        try:
            self.lease.take_claim(answer, boottime_ms())
        except WarrantRefused as refused:
            if self.lease.phase is Phase.WAITING:
                self.refusal = str(refused)
                self.lease.stop(boottime_ms(), self.refusal)
            raise
        self.claim = self.claim or answer

    def _act(self) -> None:
        while True:
            match self.lease.step(boottime_ms()):
                case Step.WAIT:
                    return
                case Step.START:
                    self._start()
                case Step.TERMINATE:
                    self._terminate()
                case Step.KILL:
                    self._kill()
                    return
                case Step.END:
                    self._end(None)

    def _start(self) -> None:
        """Start the runner, once ever: a marker that is there already means that it was started before."""
        if self.claim is None or self.lease.held is None:
            raise RuntimeError("a lease that is not held cannot start")
        try:
            held = Held(self.containment, self.runner)
            plan = plan_runner(self.order, self.claim, self.lease.held.device_uuids, held)
            cradle = Cradle(plan, self.containment, self.order.attempt_id)
        except LevelTooLow as error:
            self.refusal = str(error)
            self._end(None)
            return
        except (OSError, MessageMalformed) as error:
            self._end(Departure(None, None, f"the runner could not be prepared: {error}"))
            return
        self.cradle, self.log = cradle, BoundedLog(self.folder)
        self._mark(cradle, own_user=plan.uid is not None)
        if plan.uid is None and os.geteuid() == 0:
            self.log.append(NOT_ITS_OWN_USER)
        self.selector.register(cradle.exit_signal, selectors.EVENT_READ, self._runner_left)
        self.selector.register(cradle.log, selectors.EVENT_READ, self._copy_log)
        cradle.let_go()
        self.lease.started()

    def _mark(self, cradle: Cradle, *, own_user: bool) -> None:
        process = find_process(cradle.pid)
        marker = Marker(
            guard_pid=os.getpid(),
            cradle_pid=cradle.pid,
            cradle_started=process.started if process else 0,
            boot_id=boot_id(),
            isolation=str(Isolation(own_user, self.containment)),
            cgroup=str(cradle.cgroup) if cradle.cgroup else None,
            run_folder=self.order.run_folder,
        )
        write_paper(self.folder / MARKER, marker)

    def _terminate(self) -> None:
        self.lease.terminated()
        self.signalled = (boottime_ms(), utc_now_text())
        if self.cradle:
            self.cradle.terminate()

    def _kill(self) -> None:
        if self.cradle:
            self.cradle.kill()

    def _copy_log(self) -> bool:
        """Take what the runner wrote; False when there is no more for now."""
        if self.cradle is None or self.log is None:
            return False
        try:
            data = os.read(self.cradle.log, LOG_READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self.selector.unregister(self.cradle.log)
            return False
        try:
            self.log.append(data)
        except OSError:
            self.log_is_whole = False
        return True

    def _runner_left(self) -> None:
        if self.cradle is None:
            return
        self.selector.unregister(self.cradle.exit_signal)
        self._end(self.cradle.bury())

    def _end(self, departure: Departure | None) -> None:
        gone_ms, gone_at = boottime_ms(), utc_now_text()
        with contextlib.suppress(KeyError):
            while self._copy_log():
                pass
        outcome, message = self._outcome(departure)
        self.lease.ended()
        end = End(
            outcome=outcome,
            exit_code=departure.exit_code if departure else None,
            signal=departure.signal if departure else None,
            message=message,
            log_tail=log_tail(self.folder),
            receipt=self._receipt(),
            signalled_at=self.signalled[1] if self.signalled else None,
            last_process_gone_at=gone_at if self.cradle else None,
            signal_to_gone_ms=gone_ms - self.signalled[0] if self.signalled else None,
            devices_clear=True,
        )
        write_paper(self.folder / END, end)

    def _outcome(self, departure: Departure | None) -> tuple[Outcome, str]:
        """How it ended, and why, in words."""
        if self.refusal:
            return "refused", self.refusal
        if departure is None or self.cradle is None:
            return _unstarted_outcome(self.lease, departure)
        left = departure
        words = _in_words(left, self.log_is_whole)
        match self.lease.cause:
            case Cause.EXPIRY:
                return "expired", f"{self.lease.reason}; {words}"
            case Cause.STOP:
                return "killed", f"{self.lease.reason}; {words}"
            case Cause.DRAIN:
                return _drained_outcome(left), f"{self.lease.reason}; {words}"
            case None:
                return ("succeeded" if left.exit_code == 0 else "failed"), words

    def _receipt(self) -> dict[str, Any] | None:
        raw = read_untrusted(Path(self.order.run_folder) / RECEIPT, limit=MAX_RECEIPT_BYTES + 1)
        if not raw or len(raw) > MAX_RECEIPT_BYTES:
            return None
        try:
            receipt = decode_json(raw)
        except MessageMalformed:
            return None
        return receipt if isinstance(receipt, dict) and is_storable(receipt) else None


def _unstarted_outcome(lease: Lease, failure: Departure | None) -> tuple[Outcome, str]:
    if failure is not None:
        return "failed", failure.note
    match lease.cause:
        case Cause.DRAIN:
            return "drained", lease.reason
        case Cause.STOP:
            return "killed", lease.reason
        case Cause.EXPIRY | None:
            return "expired", lease.reason or "the lease ran out before the runner was started"


def _drained_outcome(left: Departure) -> Outcome:
    if left.exit_code == DRAINED:
        return "drained"
    if left.exit_code == 0:
        return "succeeded"
    return "killed" if left.signal else "failed"


def _in_words(left: Departure, log_is_whole: bool) -> str:
    how = (
        f"the runner ended by signal {left.signal}"
        if left.signal
        else f"the runner ended with exit code {left.exit_code}"
    )
    loss = "" if log_is_whole else "; part of its log could not be written"
    return how + (f" ({left.note})" if left.note else "") + loss
