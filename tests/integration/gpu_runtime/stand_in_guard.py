"""A guard as it is, but for the program it runs: `stand_in_guard.py CONTAINMENT RUNNER... FOLDER`."""

import sys

from gpu_runtime.guard.__main__ import main
from gpu_runtime.guard.isolation import Containment

if __name__ == "__main__":
    containment = Containment(sys.argv[1]) if sys.argv[1] != "best" else None
    sys.exit(main(sys.argv[-1:], runner=tuple(sys.argv[2:-1]), containment=containment))
