"""The nest: a process that has read all of a guard's code, so that a guard is a fork of it and stands at once.

`python -m gpu_runtime.launchers.nest [CONTAINMENT RUNNER...]`, with a socket as standard input. Each message on it is
the folder of an order, with two descriptors: where the guard says that it is ready, and where it logs; it is answered
with the guard's process number. A guard gets a session of its own and outlives the nest, which ends with the agent.
"""

import os
import signal
import socket
import sys
from typing import NoReturn

from gpu_runtime.guard.__main__ import main as stand_guard
from gpu_runtime.guard.isolation import Containment, probe_containment
from gpu_runtime.guard.plan import RUNNER

MAX_FOLDER_BYTES = 4096


def main(arguments: list[str]) -> int:
    """Hatch guards until the agent is gone."""
    containment = Containment(arguments[0]) if arguments and arguments[0] != "best" else probe_containment()
    runner = tuple(arguments[1:]) or RUNNER
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here asks how a guard ended: its paper says so
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=0) as line:
        while True:
            data, descriptors, _, _ = socket.recv_fds(line, MAX_FOLDER_BYTES, 2)
            if not data:
                return 0
            if len(descriptors) != 2:
                return 1
            guard = os.fork()
            if guard == 0:
                _become_guard(data.decode(), descriptors, containment, runner)
            line.send(str(guard).encode())
            for descriptor in descriptors:
                os.close(descriptor)


def _become_guard(folder: str, descriptors: list[int], containment: Containment, runner: tuple[str, ...]) -> NoReturn:
    """The forked side: a guard as if it had been started by itself."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        ready, log = descriptors
        for source, target in ((nowhere, 0), (ready, 1), (log, 2)):
            os.dup2(source, target)
        os.closerange(3, max(nowhere, ready, log) + 1)
        code = stand_guard([folder], runner=runner, containment=containment)
    finally:
        if sys.exc_info()[1] is not None:
            sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
