"""From an attempt to an exit code: trains, writes the receipt, and says in plain words what went wrong."""

import sys
import time
from pathlib import Path

from gpu_runtime.runner.attempt import Attempt, BadAttempt
from gpu_runtime.runner.metrics import MetricsFile
from gpu_runtime.runner.receipt import make_receipt, write_receipt
from gpu_runtime.runner.run import Run
from gpu_runtime.runner.stopping import EXIT_DRAINED, Stopping
from gpu_runtime.runner.torchrun import VERDICT
from gpu_runtime.runner.verdict import EXPECTED, failure_message

EXIT_DONE, EXIT_FAILED, EXIT_BAD_ATTEMPT = 0, 1, 2


def run_attempt(run_dir: Path, attempt: Attempt, stopping: Stopping, began: float) -> int:
    """Train an attempt to its end or its drain.

    Args:
        began: `time.monotonic()` at the process's start.

    Returns:
        The process's exit code.
    """
    with MetricsFile(run_dir) as metrics:
        try:
            run = Run(attempt, metrics, stopping)
        except BadAttempt as error:
            return _fail(str(error), EXIT_BAD_ATTEMPT)
        except EXPECTED as error:
            return _fail(_message(error), EXIT_FAILED)
        _announce(run)
        return _train(run, run_dir, began)


def _train(run: Run, run_dir: Path, began: float) -> int:
    try:
        is_complete = run.train()
    except EXPECTED as error:
        message = _message(error)
        if run.gang.is_alone:  # the digest in a receipt takes all processes, and one of a gang may be gone
            write_receipt(run_dir, make_receipt(run, "failed", message, _elapsed_ms(began)))
        return _fail(message, EXIT_FAILED)
    code = _close(run, run_dir, is_complete, began)
    return code if run.gang.is_alone else _part(run, run_dir, code)


def _part(run: Run, run_dir: Path, code: int) -> int:
    """Leave the gang: torchrun takes every code but 0 for a death, so the verdict is left in a file."""
    if run.gang.local_rank == 0:
        (run_dir / VERDICT).write_text(str(code))
    run.gang.any(False)
    run.gang.leave()
    return EXIT_DONE


def _close(run: Run, run_dir: Path, is_complete: bool, began: float) -> int:
    """Write the receipt, one a host, and say how it ended."""
    if is_complete:
        receipt = make_receipt(run, "succeeded", "", _elapsed_ms(began))
        if run.gang.local_rank == 0:
            write_receipt(run_dir, receipt)
        sys.stdout.write(f"Done after {run.training.step} steps.\n")
        return EXIT_DONE
    message = f"Stopped on request after step {run.training.step} of {run.attempt.config.steps}; all of it is saved."
    receipt = make_receipt(run, "drained", message, _elapsed_ms(began))
    if run.gang.local_rank == 0:
        write_receipt(run_dir, receipt)
    sys.stdout.write(message + "\n")
    return EXIT_DRAINED


def _announce(run: Run) -> None:
    chips = ", ".join(f"{device.chip_model} ({device.backend})" for device in run.attempt.devices)
    step = run.training.step
    start = f"Going on from step {step}" if step else "Starting"
    sys.stdout.write(
        f"{start}: {run.attempt.config.steps} steps on {chips}."
        f" Held-out files have a bigram entropy of {run.bigram_bits:.4f} bits a byte.\n"
    )
    sys.stdout.flush()


def _message(error: BaseException) -> str:
    """The plain verdict, or the error itself where none fits: a fault in the program must keep its trace."""
    message = failure_message(error)
    if message is None:
        raise error
    return message


def _fail(message: str, code: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(message + "\n")
    return code


def _elapsed_ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
