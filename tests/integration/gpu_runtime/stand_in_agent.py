"""An agent as it is, but for the program its guards run: `stand_in_agent.py RUNNER OPTION...`."""

import sys
from pathlib import Path

from gpu_runtime.agent.__main__ import main
from gpu_runtime.launchers.local import LocalLauncher

GUARD = str(Path(__file__).with_name("stand_in_guard.py"))

if __name__ == "__main__":
    runner = ("/bin/sh", sys.argv[1])
    sys.exit(main(sys.argv[2:], launcher=LocalLauncher((sys.executable, GUARD, "best", *runner))))
