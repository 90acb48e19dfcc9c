"""Why a training failed, in one plain sentence each."""

import errno

import torch

from gpu_runtime.checkpoints.manifest import DamagedCheckpoint
from gpu_runtime.trainer.refusals import CannotTrain
from gpu_runtime.trainer.training import NotANumber

OUT_OF_MEMORY = (torch.OutOfMemoryError, MemoryError)
# RuntimeError is how torch reports an allocation that failed on the CPU; others of its kind keep their trace.
EXPECTED = (*OUT_OF_MEMORY, DamagedCheckpoint, CannotTrain, NotANumber, OSError, RuntimeError)


def failure_message(error: BaseException) -> str | None:
    """What happened and what to do next; None for a fault in the program, whose trace says more."""
    if isinstance(error, OUT_OF_MEMORY) or "DefaultCPUAllocator" in str(error):
        return (
            "Out of memory. Lower batch, context, d_model or layers; or raise accumulate, which runs the same step in"
            " parts that need less."
        )
    if isinstance(error, DamagedCheckpoint):
        return f"The checkpoint to resume from was refused. {error}"
    if isinstance(error, NotANumber):
        return f"Training diverged. {error}"
    if isinstance(error, CannotTrain):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"The disk is full: {error.filename or 'a checkpoint'} could not be written. Free space and resubmit."
    if isinstance(error, OSError):
        return f"A file could not be used: {error}."
    return None
