"""`python -m gpu_runtime.guard FOLDER`: stand guard over the attempt whose order lies in FOLDER."""

import os
import signal
import sys
from pathlib import Path

from gpu_runtime.guard.isolation import Containment, probe_containment
from gpu_runtime.guard.order import END, MARKER, ORDER, Order, read_paper
from gpu_runtime.guard.plan import RUNNER
from gpu_runtime.guard.watch import Guard

READY = b"r"
# Indices of the devices that Slurm gave this job, such as 0,1,2-5. Source: sbatch(1), output environment variables
SLURM_DEVICES = "SLURM_JOB_GPUS"


def main(arguments: list[str], *, runner: tuple[str, ...] = RUNNER, containment: Containment | None = None) -> int:
    """Run one guard to its end. Standard output gets one byte when its desk is open.

    Args:
        runner: the program that runs the job; its folder is added as the last argument.
        containment: how to hold it; the strongest that works here when absent.

    Returns:
        0 when the end is written down, 2 where there is no order, or a guard stood by it before.
    """
    folder = Path(arguments[0]).absolute()
    order = read_paper(Order, folder / ORDER)
    if order is None or (folder / MARKER).exists() or (folder / END).exists():
        sys.stderr.write(f"{folder}: no fresh order; an attempt is started at most once\n")
        return 2
    os.umask(0o077)
    order = order.found(os.environ.get(SLURM_DEVICES))
    guard = Guard(folder, order, containment or probe_containment(), runner)
    signal.signal(signal.SIGTERM, guard.take_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _say_ready()
    guard.stand()
    return 0


def _say_ready() -> None:
    os.write(1, READY)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m gpu_runtime.guard FOLDER")
    sys.exit(main(sys.argv[1:]))
