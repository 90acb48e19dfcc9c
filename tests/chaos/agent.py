"""A host agent as it is, but for the program its guards run and the wall clock they read: `agent.py OPTION...`.

The clock is what libfaketime makes of the environment; guards get it too, jobs do not.
"""

import os
import sys
from pathlib import Path

from gpu_runtime.agent.__main__ import main
from gpu_runtime.launchers.local import NEST, LocalLauncher

HERE = Path(__file__).parent
FAKED = ("LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE", "FAKETIME_CACHE_DURATION", "FAKETIME_DONT_FAKE_MONOTONIC")


def launcher() -> LocalLauncher:
    """Guards on the host's clock, with the trial's runner."""
    clock = {name: os.environ[name] for name in FAKED if name in os.environ}
    return LocalLauncher((*NEST, "best", sys.executable, "-I", "-S", str(HERE / "runner.py")), clock)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], launcher=launcher()))
