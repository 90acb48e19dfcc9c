"""Builds the C library once for this machine and these sources, and finds it again.

The file's name holds a digest of the sources, the compiler's options and the processor, so that a folder may be
shared: another source or another machine makes another file. It is written beside and renamed, so that processes may
build at the same time.
"""

import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
UNITS = ("float32.c", "bfloat16.c")
# -march=native may not be taken up by a compiler that does not know the processor; no option may reorder sums.
OPTIONS = (
    "-O3", "-march=native", "-std=gnu11", "-fPIC", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros",
)  # fmt: skip
COMPILERS = ("cc", "gcc", "clang")
CACHE_VARIABLE = "WRIT_KERNEL_CACHE"
TIME_LIMIT_S = 300  # it takes three; a machine that is busy with a hundred other things gets there too


class BuildFaultError(RuntimeError):
    """There is no library, and none could be made; says why."""


def find_or_build() -> Path:
    """The library's path, built where there is none yet.

    Raises:
        BuildFaultError: no folder may be written, there is no compiler, or it refused the sources.
    """
    name = f"kernels-{digest()}.so"
    folders = list(_own_folders())
    for folder in folders:
        if _is_trusted(folder / name):
            return folder / name
    for folder in folders:
        if _may_write(folder):
            return _build(folder / name)
    raise BuildFaultError(f"no folder to keep the built library in; name one in {CACHE_VARIABLE}")


def digest() -> str:
    """Twelve hex digits over the sources, the options, the OpenMP library and the processor."""
    total = hashlib.sha256(repr((OPTIONS, _openmp_library(), _processor())).encode())
    for path in sorted([*HERE.glob("*.[ch]"), *HERE.parent.glob("*/cpu.c")]):
        total.update(f"{path.parent.name}/{path.name}".encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:12]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    kept = ("model name", "flags", "Features", "CPU part", "CPU implementer")
    return "\n".join(sorted({line for line in lines if line.startswith(kept)}))


def _own_folders() -> Iterator[Path]:
    """Where a library may lie: named by the operator, beside the sources, in the user's cache, in a private one."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        yield Path(named)
        return
    yield HERE / "build"
    yield Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "writ-kernels"
    yield Path(tempfile.gettempdir()) / f"writ-kernels-{os.getuid()}"


def _may_write(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        return _is_ours(folder) and os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return False


def _is_trusted(path: Path) -> bool:
    """Code is loaded only from a file and a folder that nobody else could have written."""
    try:
        return path.is_file() and _is_ours(path) and _is_ours(path.parent)
    except OSError:  # a folder that may not be looked into
        return False


def _is_ours(path: Path) -> bool:
    found = path.stat()
    return found.st_uid in (0, os.getuid()) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _build(path: Path) -> Path:
    compiler = next((found for name in COMPILERS if (found := shutil.which(name))), None)
    if compiler is None:
        raise BuildFaultError(f"no C compiler on the PATH (looked for {', '.join(COMPILERS)})")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="building-") as aside:
        built = Path(aside) / path.name
        fault = ""
        for options in _ways():
            made = ["-shared", "-o", str(built), *_units(), "-lm", *_linked(options)]
            fault = _run([compiler, *OPTIONS, *options, *made])
            if not fault:
                built.chmod(0o755)  # whatever the umask: what a group may write is not trusted
                os.replace(built, path)
                return path
    raise BuildFaultError(f"{compiler} refused the sources: {fault}")


def _units() -> list[str]:
    return [str(HERE / unit) for unit in UNITS]


def _ways() -> Iterator[tuple[str, ...]]:
    """With threads where OpenMP links, else on one thread; vectorised either way."""
    if _openmp_library():
        yield ("-fopenmp", "-Wl,-z,defs")
    yield ("-fopenmp-simd",)


def _linked(options: tuple[str, ...]) -> list[str]:
    return [_openmp_library()] if "-fopenmp" in options else []


def _openmp_library() -> str:
    """The OpenMP library that torch has loaded already: a second one would keep threads of its own."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    names = {line.split(maxsplit=5)[-1] for line in maps if "libgomp" in line or "libiomp5" in line}
    return min(names, default="")


def _run(command: list[str]) -> str:
    """Run the compiler. Returns what it said where it failed, else nothing.

    Raises:
        BuildFaultError: it could not be started or did not end; other options would fare no better.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as fault:
        raise BuildFaultError(f"{command[0]} took more than {TIME_LIMIT_S} s") from fault
    except OSError as fault:
        raise BuildFaultError(f"{command[0]} could not be started: {fault}") from fault
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit {done.returncode}")[-600:]
