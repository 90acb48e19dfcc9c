"""What SIGTERM does: end at once while nothing is trained, else ask the training to stop after its step."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

EXIT_DRAINED = 75


class Stopping:
    """The one place that hears SIGTERM."""

    def __init__(self) -> None:
        self._asked = False
        self._has_work = False
        self._file: Path | None = None

    def install(self) -> None:
        """Start to listen."""
        signal.signal(signal.SIGTERM, self._on_signal)

    def hear_file(self, path: Path) -> None:
        """Be one process of a gang: a stop is this file, and SIGTERM, which comes where another one died, ends at once.

        A gang has to stop after the same step; a process that saved alone would wait for ever for the dead one.
        """
        self._file = path
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def asked(self) -> bool:
        """Whether a stop was asked for."""
        return self._asked or (self._file is not None and self._file.exists())

    def hold_for_work(self) -> None:
        """From now on a stop must wait until the work is saved."""
        self._has_work = True

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._has_work:
            sys.stderr.write("Stopped before the first step: nothing new to save.\n")
            sys.stderr.flush()
            os._exit(EXIT_DRAINED)
