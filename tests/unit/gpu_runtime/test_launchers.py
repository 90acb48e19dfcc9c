"""How an agent chooses what starts its guards."""

import pytest

from gpu_runtime.agent.__main__ import choose_launcher
from gpu_runtime.launchers.local import LocalLauncher
from gpu_runtime.launchers.slurm import SlurmLauncher, SlurmSite


def test_launcher_is_chosen_by_its_name() -> None:
    assert isinstance(choose_launcher("local"), LocalLauncher)
    assert isinstance(choose_launcher("slurm"), SlurmLauncher)
    with pytest.raises(ValueError, match="it is local or slurm"):
        choose_launcher("pbs")


def test_slurm_site_is_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"NODE": "gpu-7", "ACCOUNT": "w", "PARTITION": ""}.items():
        monkeypatch.setenv(f"WRIT_SLURM_{name}", value)
    assert SlurmSite.from_environment() == SlurmSite("gpu-7", "w", "writ")
