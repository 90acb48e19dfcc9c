"""The bell: a Celery worker whose only task wakes the agent.

A message may be lost, doubled, late, forged or read. Nothing in it is trusted beyond "look": the task writes
one byte to the agent's pipe and reads nothing of the message. No remote control, no format but JSON.
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from celery import Celery

from gpu_runtime.guard import kernel

TASK = "writ.bell"
BROKER_VARIABLE = "WRIT_BELL_BROKER"
RESTART_SECONDS = (1.0, 2.0, 5.0, 15.0)
STEADY_SECONDS = 60.0
SIGKILL = 9
SOURCES = Path(__file__).resolve().parents[2]


def bell_app(broker: str, pipe: int) -> Celery:
    """The worker's application: one task, one byte."""
    app = Celery("writ-bell", broker=broker)
    app.conf.update(
        accept_content=["json"],
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"ack_emulation": False},  # a ring that is lost is rung again; nothing is kept of it
        task_ignore_result=True,
        task_serializer="json",
        worker_enable_remote_control=False,
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
    )

    @app.task(name=TASK)  # type: ignore[untyped-decorator]
    def bell(*attempt_id: object, **ignored: object) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe: the agent knows already
            os.write(pipe, b"!")

    return app


def run_worker(queue: str, pipe: int, agent: int) -> None:
    """Listen on one queue until the agent, a process of that number, is gone."""
    kernel.set_parent_death_signal(SIGKILL)
    if os.getppid() != agent:  # it died before the kernel was told to watch
        return
    app = bell_app(os.environ.pop(BROKER_VARIABLE), pipe)
    app.worker_main(
        [
            "worker",
            "--pool=solo",
            f"--queues={queue}",
            f"--hostname=bell-{os.getpid()}@{queue}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=WARNING",
        ]
    )


class Bell:
    """The agent's side: the pipe to wait on, and a worker that is started again when it dies."""

    def __init__(self, broker: str | None, queue: str, log: Path) -> None:
        self._broker, self._queue, self._log = broker, queue, log
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._worker: subprocess.Popen[bytes] | None = None
        self._deaths, self._started, self._not_before = 0, 0.0, 0.0

    def fileno(self) -> int:
        """Readable when the bell has rung."""
        return self._read

    def keep_listening(self) -> None:
        """Start the worker, or start it again with growing pauses; without a broker there is none."""
        now = time.monotonic()
        if self._broker is None or now < self._not_before:
            return
        if self._worker is not None:
            if self._worker.poll() is None:
                return
            self._worker = None
            self._deaths = 0 if now - self._started > STEADY_SECONDS else self._deaths + 1
            self._not_before = now + RESTART_SECONDS[min(self._deaths, len(RESTART_SECONDS) - 1)]
            return
        self._started = now
        with self._log.open("ab") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "gpu_runtime.agent.bell", self._queue, str(self._write), str(os.getpid())],
                cwd="/",
                env={**_environment(), BROKER_VARIABLE: self._broker},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._write,),
                start_new_session=True,
            )

    def has_rung(self) -> bool:
        """Whether it rang since the last look, once or a thousand times."""
        try:
            return bool(os.read(self._read, 1 << 16))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Stop the worker and wait for it."""
        if self._worker is not None:
            self._worker.kill()
            self._worker.wait()
            self._worker = None


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SSL_CERT_FILE") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "PYTHONPATH": str(SOURCES), "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    run_worker(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
