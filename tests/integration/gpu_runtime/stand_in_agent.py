"""An agent as it is, but for the program its guards run: `stand_in_agent.py RUNNER OPTION...`."""

import os
import sys
from pathlib import Path

from gpu_runtime.agent.__main__ import main
from gpu_runtime.launchers.local import NEST, LocalLauncher
from gpu_runtime.launchers.slurm import SlurmLauncher, SlurmSite

GUARD = str(Path(__file__).with_name("stand_in_guard.py"))

if __name__ == "__main__":
    runner = ("best", "/bin/sh", sys.argv[1])
    is_slurm = os.environ.get("WRIT_LAUNCHER") == "slurm"
    slurm = SlurmLauncher(SlurmSite.from_environment(), (sys.executable, GUARD, *runner))
    sys.exit(main(sys.argv[2:], launcher=slurm if is_slurm else LocalLauncher((*NEST, *runner))))
