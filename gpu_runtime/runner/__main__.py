"""`python -m gpu_runtime.runner RUN_DIR`: exit 0 done, 75 drained, 2 bad attempt, anything else failed."""

import os
import sys
import time
from pathlib import Path
from typing import NoReturn

from gpu_runtime.runner.stopping import Stopping


def main(arguments: list[str]) -> int:
    """Listen for SIGTERM first, then read the attempt, and import torch last."""
    began = time.monotonic()
    stopping = Stopping()
    stopping.install()
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.stderr.write("Usage: python -m gpu_runtime.runner RUN_DIR (a folder that holds attempt.json)\n")
        return 2
    return _run(Path(arguments[0]), stopping, began)


def _run(run_dir: Path, stopping: Stopping, began: float) -> int:
    from gpu_runtime.runner.attempt import BadAttempt, read_attempt
    from gpu_runtime.runner.environment import prepare
    from gpu_runtime.runner.torchrun import STOP, is_rank, launch_gang

    try:
        attempt = read_attempt(run_dir)
    except BadAttempt as error:
        sys.stderr.write(f"{error}\n")
        return 2
    prepare()
    if attempt.is_gang and not is_rank():
        return launch_gang(run_dir, attempt, stopping)
    if is_rank():
        stopping.hear_file(run_dir / STOP)
    from gpu_runtime.runner.session import run_attempt

    return run_attempt(run_dir, attempt, stopping, began)


def leave(code: int) -> NoReturn:
    """End at once: all files are closed, and torch's own teardown takes longer than a checkpoint."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
