"""Checks the Triton kernels without a GPU, under each version of Triton that a job may meet: `make gate-kernels`.

Each version is put into a folder of its own (it needs nothing but torch beside it), and under each the launches run in
Triton's interpreter on the CPU, and every row of the configuration table is compiled for the GPUs that are meant.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# 3.6.0 is what GPU hosts carry (torch 2.11), 3.7.1 is torch 2.13's pair.
VERSIONS = ("3.6.0", "3.7.1")
# Triton's interpreter needs numpy; 3.6.0's turns arrays of one element into numbers, which numpy 2.4 no longer does.
NUMPY = "numpy<2.4"
# Other people's kernels of the same operations, as a second opinion; it needs `packaging` beside torch and Triton.
PEERS = ("liger-kernel==0.8.5", "packaging")
INTERPRETED = ("tests/unit/kernels/interpreted/launched.py", "tests/unit/kernels/interpreted/peers.py")


def main() -> int:
    """Run both checks under each version. Returns the number of checks that failed."""
    failed = [
        f"{name} under Triton {version}"
        for version in VERSIONS
        for name, command, more in _checks()
        if _run(command, {"PYTHONPATH": str(_installed(version)), **more})
    ]
    for name in failed:
        sys.stderr.write(f"gate: {name} failed.\n")
    return len(failed)


def _checks() -> Iterator[tuple[str, list[str], dict[str, str]]]:
    # Without the project's plugins and configuration: nothing but torch and Triton is needed.
    alone = ["-c", os.devnull, "--rootdir", str(ROOT), "--noconftest", "-p", "no:cacheprovider"]
    pytest = [sys.executable, "-m", "pytest", "-q", *alone, *INTERPRETED]
    yield "interpreter", pytest, {"TRITON_INTERPRET": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    yield "ahead of time", [sys.executable, "-m", "kernels.ahead_of_time"], {}


def _installed(version: str) -> Path:
    """The folder that holds this version, filled where it is not."""
    folder = ROOT / "build" / f"triton-{version}"
    wanted = {"triton": (f"triton=={version}", NUMPY), "liger_kernel": PEERS}
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    for package, named in wanted.items():
        if not (folder / package / "__init__.py").exists():
            subprocess.run([*pip, "--target", str(folder), *named], check=True)
    return folder


def _run(command: list[str], more: dict[str, str]) -> int:
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **more}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
