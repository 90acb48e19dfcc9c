"""Starts a few processes, watches them, and leaves none behind, however it ends."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Self

import psutil

from config.embedded.accounts import dies_with_parent
from config.embedded.servers import log_file
from config.embedded.state import ROOT, SetupFault, state_folder
from config.processes import READY_TIMEOUT_S, Process

RESTARTS_ALLOWED = 3
RESTARTS_WITHIN_S = 60.0
KILL_AFTER_S = 3.0
_POLL_S = 0.1
_PR_SET_CHILD_SUBREAPER = 36
_KEEPER = "config.embedded.keeper"


@dataclass
class Supervisor:
    """A context in which processes run.

    Attributes:
        report: takes a line for the person at the terminal.
    """

    report: Callable[[str], None]
    _running: dict[str, tuple[Process, "subprocess.Popen[bytes]"]] = field(default_factory=dict)
    _restarts: dict[str, list[float]] = field(default_factory=dict)
    _is_asked_to_stop: bool = False
    _before: dict[int, object] = field(default_factory=dict)
    _not_ours: set[psutil.Process] = field(default_factory=set)

    def __enter__(self) -> Self:
        """Takes over Ctrl-C and SIGTERM, and adopts orphans of its processes."""
        self._not_ours = set(psutil.Process().children())
        _adopt_orphans(True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops everything, the last started first."""
        for process, _running in reversed(list(self._running.values())):
            self.stop(process.name)
        _end_stragglers(self._not_ours)
        _adopt_orphans(False)
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._is_asked_to_stop = True

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether Ctrl-C was pressed or a signal came."""
        return self._is_asked_to_stop

    def start(self, processes: Iterable[Process]) -> None:
        """Starts processes at once and returns when all are ready.

        Raises:
            SetupFault: one of them ended or did not get ready.
        """
        chosen = list(processes)
        for process in chosen:
            self._running[process.name] = (process, _spawn(process))
        for process in chosen:
            self._wait_until_ready(process)

    def stop(self, name: str) -> None:
        """Ends one process, its whole group at last."""
        process, running = self._running.pop(name)
        if running.poll() is None:
            running.terminate()
            with suppress(subprocess.TimeoutExpired):
                running.wait(process.stop_timeout_s)
        _kill_group(running.pid)
        running.wait()

    def pid(self, name: str) -> int:
        """The process id of a running process."""
        return self._running[name][1].pid

    def watch(self) -> None:
        """Runs until somebody asks to stop; starts again what ends by itself, a few times.

        Raises:
            SetupFault: a process ends again and again.
        """
        while not self._is_asked_to_stop:
            self.tend()
            time.sleep(_POLL_S)

    def tend(self) -> None:
        """Starts again what ended by itself.

        Raises:
            SetupFault: it has ended too often.
        """
        for name, (process, running) in list(self._running.items()):
            if running.poll() is None:
                continue
            now = time.monotonic()
            recent = [at for at in self._restarts.get(name, []) if now - at < RESTARTS_WITHIN_S]
            self._restarts[name] = [*recent, now]
            if len(recent) >= RESTARTS_ALLOWED:
                raise SetupFault(_last_words(name, running.returncode))
            _kill_group(running.pid)  # what it left would hold its port
            self.report(f"{name} ended by itself (exit {running.returncode}); starting it again")
            self._running[name] = (process, _spawn(process))
        self._reap_adopted()

    def _reap_adopted(self) -> None:
        """Takes the status of an adopted process that ended, so that it does not look alive to who asks for it."""
        ours = {running.pid for _process, running in self._running.values()}
        with suppress(ChildProcessError):
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is not None and ended.si_pid not in ours:
                os.waitpid(ended.si_pid, os.WNOHANG)

    def _wait_until_ready(self, process: Process) -> None:
        started = told = time.monotonic()
        while not self._is_asked_to_stop:
            running = self._running[process.name][1]
            if running.poll() is not None:
                raise SetupFault(_last_words(process.name, running.returncode))
            if process.is_ready is None or process.is_ready():
                return
            now = time.monotonic()
            if now - started > READY_TIMEOUT_S:
                raise SetupFault(
                    f"{process.name} did not get ready in {READY_TIMEOUT_S:.0f} s; see {_log_path(process.name)}."
                )
            if now - told > 2.0:
                told = now
                self.report(f"waiting for {process.name} … {now - started:.0f} s")
            time.sleep(_POLL_S)


def _spawn(process: Process) -> "subprocess.Popen[bytes]":
    with log_file(process.name) as log:
        return subprocess.Popen(
            process.argv,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **process.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,  # Ctrl-C reaches us alone; we stop them in order
            preexec_fn=dies_with_parent(signal.SIGTERM),
        )


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _log_path(name: str) -> str:
    return str(state_folder() / "log" / f"{name}.log")


def _last_words(name: str, status: int) -> str:
    with open(_log_path(name), encoding="utf-8", errors="replace") as file:
        tail = "".join(file.readlines()[-15:])
    return f"{name} ended (exit {status}). Its last words, from {_log_path(name)}:\n{tail.rstrip()}"


def _adopt_orphans(is_wanted: bool) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(is_wanted), 0, 0, 0)


def _end_stragglers(not_ours: set[psutil.Process]) -> None:
    """Ends what our processes left behind, in whatever session: it was handed to us when its parent went."""
    children = [child for child in psutil.Process().children() if child not in not_ours and not _is_keeper(child)]
    below = [one for child in children for one in _descendants(child)]
    left = [*children, *below]
    for child in left:
        with suppress(psutil.NoSuchProcess):
            child.terminate()
    _gone, alive = psutil.wait_procs(left, timeout=KILL_AFTER_S)
    for child in alive:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(alive, timeout=KILL_AFTER_S)


def _descendants(child: psutil.Process) -> list[psutil.Process]:
    try:
        return list(child.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _is_keeper(child: psutil.Process) -> bool:
    """Whether it is the keeper of the embedded services, which ends by itself when nobody needs them."""
    try:
        return _KEEPER in child.cmdline()
    except psutil.NoSuchProcess:
        return False


def say(line: str) -> None:
    """A line for the person at the terminal."""
    sys.stdout.write(f"writ: {line}\n")
    sys.stdout.flush()


def reporter(*, as_json: bool) -> Callable[[str], None]:
    """Where lines for the person go: standard output, or standard error where that is kept for JSON."""
    return _say_aside if as_json else say


def _say_aside(line: str) -> None:
    sys.stderr.write(f"writ: {line}\n")
    sys.stderr.flush()
