"""The agent's turns: renew, claim, end, forward, report. One request at a time, renewals before all else."""

import logging
import math
import os
import select
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from gpu_runtime.agent.attempts import (
    SILENT,
    HostedAttempt,
    end_of_dead_guard,
    end_request,
    find_attempt,
    is_attempt_id,
    write_order,
)
from gpu_runtime.agent.bell import Bell
from gpu_runtime.agent.control import ControlPlane, Denied, Unreachable
from gpu_runtime.agent.driver import NOTHING_OF_OURS, OwnPids, confirm_foreign
from gpu_runtime.agent.forward import Forwarder
from gpu_runtime.agent.guards import GuardLine, ask_guards, kill_leftovers, living_of
from gpu_runtime.agent.inventory import Inventory, InventoryUnusable
from gpu_runtime.agent.state import HostState
from gpu_runtime.guard.clock import boot_id
from gpu_runtime.guard.order import END, MARKER, End, read_paper
from gpu_runtime.launchers import Launcher, LaunchFailed
from gpu_runtime.protocol import as_json
from gpu_runtime.protocol.messages import (
    AttemptReport,
    ClaimAnswer,
    DeviceReport,
    EnrolAnswer,
    PollAnswer,
    PollRequest,
    RenewAnswer,
    RenewItem,
    RenewRequest,
    ReportRequest,
)

POLL_SECONDS = 2.0
FORWARD_SECONDS = 1.0
REPORT_SECONDS = 10.0
RELAUNCH_SECONDS = 10.0
BELL_PAUSE_SECONDS = 0.1
SHUTDOWN_SECONDS = 15.0
FAULT_PAUSE_SECONDS = 1.0
CANNOT_BE_TAKEN = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)

log = logging.getLogger("writ.agent")


@dataclass(frozen=True, slots=True)
class Host:
    """Everything that an agent works with."""

    state: HostState
    identity: EnrolAnswer
    control: ControlPlane
    inventory: Inventory
    launcher: Launcher
    bell: Bell
    isolation: str
    hidden_folders: tuple[str, ...] = ()
    address: str = ""


class Agent:
    """Carries what has to be carried between the control plane and this host's guards."""

    def __init__(self, host: Host) -> None:
        """Take up the attempts that an agent before us left."""
        self.host = host
        found = [find_attempt(host.state, folder) for folder in host.state.attempt_folders()]
        self.attempts = {attempt.attempt_id: attempt for attempt in found if attempt}
        self.bells: list[str] = []
        self._has_news: list[str] = []
        self._due = dict.fromkeys(("renew", "poll", "forward", "report"), 0.0)
        self._not_before: dict[str, float] = {}
        self._last_ring = self._pause_until = 0.0
        self._reachable = True
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self.leaving: str | None = None

    def serve(self) -> None:
        """Take turns until told to leave."""
        log.info("host %s serves with %d attempts found", self.host.identity.host_id, len(self.attempts))
        while self.leaving is None:
            self.turn()
            self.wait()
        if self.leaving == "shut down":
            self.stop_all()
        self.host.bell.close()

    def leave(self, *, stop_guards: bool) -> None:
        """Leave after this turn, from a signal's handler; the guards go on unless they are to be stopped."""
        self.leaving = "shut down" if stop_guards else "leave the guards"
        os.write(self._wake_write, b"!")

    def turn(self) -> None:
        """One turn. Where the control plane is silent the rest of the turn is left for the next."""
        self.host.bell.keep_listening()
        if self.host.bell.has_rung():
            self._due["renew"] = self._due["poll"] = min(self._due["renew"], self._last_ring + BELL_PAUSE_SECONDS)
            self._last_ring = time.monotonic()
        try:
            self._renew_when_due()
            self._poll_when_due()
            self._claim_next()
            self._finish_ended()
            self._forward_when_due()
            self.host.state.clear_gone()
            self._report_when_due()
        except Unreachable as error:
            if self._reachable:
                log.warning("the control plane is silent: %s", error)
            self._reachable = False
            return
        except OSError as error:
            log.error("this turn was cut short by the host itself: %s", error)
            self._pause_until = time.monotonic() + FAULT_PAUSE_SECONDS
            return
        if not self._reachable:
            log.info("the control plane answers again")
        self._reachable = True

    def wait(self) -> None:
        """Wait for the bell, a guard's end, a signal, or the next thing that is due."""
        lines = {attempt.line.fileno(): attempt.line for attempt in self.attempts.values() if attempt.line.is_open}
        left = min(self._due.values()) - time.monotonic()
        pause = 0.0 if self.bells else max(0.0 if self._reachable else 0.02, left)
        pause = max(pause, self._pause_until - time.monotonic())
        ready, _, _ = select.select([self.host.bell.fileno(), self._wake_read, *lines], [], [], pause)
        for descriptor in ready:
            if descriptor in lines:
                lines[descriptor].hear()

    def stop_all(self) -> None:
        """Stop every guard, wait until nothing lives, and report what can be reported."""
        stop = {"op": "stop", "reason": "the host is shutting down"}
        ask_guards({attempt.line: stop for attempt in self.attempts.values()})
        until = time.monotonic() + SHUTDOWN_SECONDS
        while time.monotonic() < until and any(self._stands(attempt) for attempt in self.attempts.values()):
            lines = [attempt.line for attempt in self.attempts.values() if attempt.line.is_open]
            for line in select.select(lines, [], [], 0.2)[0]:
                line.hear()
        self._due["renew"] = math.inf
        try:
            self._finish_ended()
        except Unreachable as error:
            log.warning("ends will be reported when the agent starts again: %s", error)

    def _is_due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + seconds
        return True

    def _is_renewal_due(self) -> bool:
        """Whether a renewal waits, before which nothing more is sent."""
        return time.monotonic() >= self._due["renew"]

    def _renew_when_due(self) -> None:
        """One request for all attempts; each guard makes its nonce just before."""
        if not self._is_due("renew", self.host.identity.renew_interval_ms / 1000):
            return
        for attempt in self.attempts.values():
            attempt.phase, attempt.processes = SILENT, 0
        by_line = {attempt.line: attempt for attempt in self.attempts.values()}
        asked = ask_guards({line: {"op": "nonce"} for line in by_line})
        items: list[RenewItem] = []
        waiting: list[tuple[HostedAttempt, str]] = []
        for line, answer in asked.items():
            attempt = by_line[line]
            attempt.phase, attempt.processes = str(answer.get("phase")), int(answer.get("processes", 0))
            nonce = str(answer.get("nonce"))
            if attempt.phase == "waiting" or attempt.claim is None:
                waiting.append((attempt, nonce))
            else:
                items.append(RenewItem(attempt.attempt_id, attempt.fencing_token, nonce, attempt.processes))
        if items:
            self._renew(tuple(items))
        for attempt, nonce in waiting:
            self._claim(attempt, nonce)

    def _renew(self, items: tuple[RenewItem, ...]) -> None:
        try:
            answer = self.host.control.call("renew", RenewRequest(items), RenewAnswer)
        except Denied as denied:
            log.error("renewal denied: %s", denied)
            return
        verdicts: dict[GuardLine, dict[str, Any]] = {}
        for verdict in answer.answers:
            attempt = self.attempts.get(verdict.attempt_id)
            if attempt is not None:
                verdicts[attempt.line] = {"op": "verdict", "verdict": as_json(verdict)}
                if verdict.answer != "run" and attempt.phase != "stopping":
                    log.info("attempt %s: %s, %s", verdict.attempt_id, verdict.answer, verdict.reason)
        _log_refusals(ask_guards(verdicts))

    def _poll_when_due(self) -> None:
        if self._is_due("poll", POLL_SECONDS):
            bells = self.host.control.call("poll", PollRequest(), PollAnswer).bells
            self.bells = [bell for bell in bells if is_attempt_id(bell) and bell not in self.attempts]

    def _claim_next(self) -> None:
        """Start a guard for one attempt that waits, and claim it with the guard's nonce."""
        now = time.monotonic()
        while self.bells:
            attempt_id = self.bells.pop(0)
            if now >= self._not_before.get(attempt_id, 0.0):
                self._host_attempt(attempt_id)
                return

    def _host_attempt(self, attempt_id: str) -> None:
        host = self.host
        try:
            devices = host.inventory.devices(NOTHING_OF_OURS)
            folder = write_order(host.state, host.identity, attempt_id, devices, host.hidden_folders)
            host.launcher.launch(folder)
        except FileExistsError:
            return
        except (LaunchFailed, InventoryUnusable, OSError) as error:
            log.error("attempt %s could not be hosted: %s", attempt_id, error)
            self._not_before[attempt_id] = time.monotonic() + RELAUNCH_SECONDS
            if (host.state.attempts / attempt_id).exists():
                host.state.forget_attempt(attempt_id)
            return
        attempt = HostedAttempt(attempt_id, folder, GuardLine(folder))
        self.attempts[attempt_id] = attempt
        answer = ask_guards({attempt.line: {"op": "nonce"}}).get(attempt.line)
        if answer is not None:
            self._claim(attempt, str(answer.get("nonce")))

    def _claim(self, attempt: HostedAttempt, nonce: str) -> None:
        """Claim with the guard's nonce, unless that is done, and hand the answer to the guard."""
        if attempt.claim is None:
            question = attempt.remember_question(nonce)
            try:
                claim = self.host.control.call("claim", question, ClaimAnswer)
            except Denied as denied:
                log.info("attempt %s is not ours: %s", attempt.attempt_id, denied)
                ask_guards({attempt.line: {"op": "stop", "reason": str(denied)}})
                self._not_before[attempt.attempt_id] = time.monotonic() + RELAUNCH_SECONDS
                return
            attempt.take_claim(claim, self.host.state.runs / attempt.attempt_id)
            log.info("attempt %s claimed, token %d", attempt.attempt_id, attempt.fencing_token)
        claim_paper = as_json(attempt.claim)
        _log_refusals(ask_guards({attempt.line: {"op": "claim", "answer": claim_paper}}))

    def _stands(self, attempt: HostedAttempt) -> bool:
        return attempt.line.open()

    def _finish_ended(self) -> None:
        for attempt in [each for each in self.attempts.values() if not self._stands(each)]:
            self._finish(attempt)
            if self._is_renewal_due():
                return

    def _finish(self, attempt: HostedAttempt) -> None:
        """Report an attempt's end once nothing of it lives, and forget it once that has been taken."""
        attempt.phase = "ended"
        end = read_paper(End, attempt.folder / END)
        if end is None:
            if kill_leftovers(attempt.folder):
                self._due["renew"] = min(self._due["renew"], time.monotonic() + BELL_PAUSE_SECONDS)
                return
            end = end_of_dead_guard(started=(attempt.folder / MARKER).exists())
        if attempt.claim is None and not self._learn_claim(attempt):
            self._forget(attempt)
            return
        try:
            if not self._forward_rest(attempt):
                return
            self._tell_end(attempt, end)
            log.info("attempt %s ended: %s, %s", attempt.attempt_id, end.outcome, end.message)
        except Denied as denied:
            log.warning("the end of attempt %s was not taken: %s", attempt.attempt_id, denied)
        self._forget(attempt)

    def _tell_end(self, attempt: HostedAttempt, end: End) -> None:
        """Report an end; where that cannot be taken, once more without what the runner wrote.

        Raises:
            Denied, Unreachable: as the control plane answers.
        """
        request = end_request(attempt, end)
        try:
            self.host.control.tell("end", request)
        except Denied as denied:
            if denied.status not in CANNOT_BE_TAKEN:
                raise
            log.warning("attempt %s ends without its receipt and log: %s", attempt.attempt_id, denied)
            self.host.control.tell("end", replace(request, receipt=None, log_tail=""))

    def _learn_claim(self, attempt: HostedAttempt) -> bool:
        """Whether the control plane took a claim whose answer we never had: asked again, it tells."""
        question = attempt.asked()
        if question is None:
            return False
        try:
            claim = self.host.control.call("claim", question, ClaimAnswer)
        except Denied:
            return False
        attempt.take_claim(claim, self.host.state.runs / attempt.attempt_id)
        return True

    def _forward_rest(self, attempt: HostedAttempt) -> bool:
        """Send what is left of its news, a piece at a time, until a renewal is due.

        Returns:
            Whether that is all; what is still to come goes with later turns.
        """
        try:
            while attempt.forwarder is not None and attempt.last_pieces > 0:
                attempt.last_pieces -= 1
                if not attempt.forwarder.forward(self.host.control):
                    break
                if self._is_renewal_due():
                    return False
        except Denied as denied:
            log.warning("last news of attempt %s were not taken: %s", attempt.attempt_id, denied)
        return True

    def _forget(self, attempt: HostedAttempt) -> None:
        attempt.line.close()
        try:
            self.host.launcher.forget(attempt.folder)
            self.host.state.forget_attempt(attempt.attempt_id)
        except (LaunchFailed, OSError) as error:
            log.error("what attempt %s left stays on this host: %s", attempt.attempt_id, error)
        del self.attempts[attempt.attempt_id]
        self._due["report"] = 0.0

    def _forward_when_due(self) -> None:
        """A piece of each attempt, one after the other; where a renewal comes due, the others follow it."""
        if not self._has_news and self._is_due("forward", FORWARD_SECONDS):
            self._has_news = list(self.attempts)
        while self._has_news:
            attempt = self.attempts.get(self._has_news.pop(0))
            if attempt is not None and attempt.forwarder is not None:
                self._forward(attempt, attempt.forwarder)
                if self._is_renewal_due():
                    return

    def _forward(self, attempt: HostedAttempt, forwarder: Forwarder) -> None:
        try:
            forwarder.forward(self.host.control)
        except Denied as denied:
            log.warning("news of attempt %s were not taken: %s", attempt.attempt_id, denied)

    def _living(self) -> dict[str, list[int]]:
        return {attempt.attempt_id: living_of(attempt.folder) for attempt in self.attempts.values()}

    def _own_pids(self, *looks: dict[str, list[int]]) -> OwnPids:
        """Processes by the device that they may compute on: an attempt's own, on what its warrant names."""
        own: dict[str, frozenset[int]] = {}
        for attempt_id, pids in (each for living in looks for each in living.items()):
            for uuid in self.attempts[attempt_id].device_uuids:
                own[uuid] = own.get(uuid, frozenset()) | frozenset(pids)
        return own

    def _stop_trespassers(self, devices: tuple[DeviceReport, ...], living: dict[str, list[int]]) -> None:
        """Stop every attempt that computes on a device which it does not hold; the report tells of the device."""
        stops: dict[GuardLine, dict[str, Any]] = {}
        for device in devices:
            for attempt_id, pids in living.items():
                if set(pids) & set(device.foreign_pids):
                    reason = f"it computed on {device.uuid}, which it does not hold"
                    log.error("attempt %s is stopped: %s", attempt_id, reason)
                    stops[self.attempts[attempt_id].line] = {"op": "stop", "reason": reason}
        ask_guards(stops)

    def _report_when_due(self) -> None:
        if not self._is_due("report", REPORT_SECONDS):
            return
        before = self._living()
        try:
            devices = self.host.inventory.devices(self._own_pids(before))
            living = self._living()
            devices = confirm_foreign(devices, self._own_pids(before, living))
            self._stop_trespassers(devices, living)
            attempts = tuple(
                AttemptReport(each.attempt_id, each.fencing_token, each.phase, len(living[each.attempt_id]))
                for each in self.attempts.values()
            )
            store = self.host.state.checkpoint_store()
            here = ReportRequest(boot_id(), self.host.isolation, devices, attempts, store, self.host.address)
            self.host.control.tell("report", here)
        except (Denied, InventoryUnusable) as error:
            log.error("no report: %s", error)


def _log_refusals(answers: dict[GuardLine, dict[str, Any]]) -> None:
    for line, answer in answers.items():
        if not answer.get("ok"):
            log.warning("guard of %s refused: %s: %s", line.folder.name, answer.get("code"), answer.get("message"))
