"""What a test may need of the machine: absent, the test skips; named in WRIT_REQUIRE, it fails instead."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from django.conf import settings


def need(name: str, *, is_there: bool, reason: str) -> None:
    """Skips the running test where something is absent, or fails it where WRIT_REQUIRE names that thing."""
    if is_there:
        return
    required = {word.strip() for word in os.environ.get("WRIT_REQUIRE", "").split(",")}
    if name in required:
        pytest.fail(f"WRIT_REQUIRE names {name!r}, and {reason}", pytrace=False)
    pytest.skip(reason)


def chromium_path() -> str | None:
    """Debian's Chromium (or Chrome), which playwright drives."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


def need_chromium() -> None:
    """For pages opened in a real browser."""
    reason = "no chromium on the PATH (apt-get install chromium)"
    need("chromium", is_there=chromium_path() is not None, reason=reason)


def need_data() -> None:
    """For tests on the data folder."""
    folder = Path(settings.WRIT_DATA)
    need("data", is_there=folder.is_dir(), reason=f"no data folder at {folder} (set WRIT_DATA)")


def need_gpu() -> None:
    """For tests on a real accelerator."""
    need("gpu", is_there=bool(shutil.which("nvidia-smi")), reason="no NVIDIA GPU on this machine")


def need_slurm() -> None:
    """For the Slurm launcher against a real Slurm, which only root can start several nodes of on one machine."""
    programs, path = ("slurmctld", "slurmd", "munged", "sbatch"), f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in programs if shutil.which(name, path=path) is None]
    reason = f"no {', '.join(missing)} (apt-get install slurm-wlm munge)" if missing else "only root starts a Slurm"
    if not missing and os.geteuid() == 0 and not _makes_devices():
        reason = "this system lets us make no device files, which stand for GPUs"
        need("slurm", is_there=False, reason=reason)
    need("slurm", is_there=not missing and os.geteuid() == 0, reason=reason)


def _makes_devices() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            os.mknod(Path(folder) / "null", 0o20666, os.makedev(1, 3))
        except OSError:
            return False
    return True


def need_network_namespaces() -> None:
    """For trials with hosts on wires of their own."""
    from tests.chaos.network import why_not

    reason = why_not()
    need("netns", is_there=reason is None, reason=reason or "")


BY_MARKER = {"chromium": need_chromium, "data": need_data, "gpu": need_gpu, "slurm": need_slurm,
             "netns": need_network_namespaces}  # fmt: skip
