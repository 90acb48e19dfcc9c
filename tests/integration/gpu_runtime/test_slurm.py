"""Guards as jobs of a real Slurm: whole nodes, no word of Slurm's needed to stop, no node lost to a refusal."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpu_runtime.guard.order import HostDevice, Order
from gpu_runtime.launchers import LaunchFailed
from gpu_runtime.launchers.slurm import SlurmLauncher
from gpu_runtime.launchers.slurm import SlurmSite as Place
from tests import needs
from tests.integration.gpu_runtime.control_plane import SmallControlPlane
from tests.integration.gpu_runtime.hosts import AgentOnTrial, until
from tests.integration.gpu_runtime.slurm_site import SlurmSite, slurm_site

pytestmark = [pytest.mark.slurm, pytest.mark.long]
IDLE = {"n0": "idle", "n1": "idle"}


@pytest.fixture(scope="module")
def site() -> Iterator[SlurmSite]:
    needs.need_slurm()
    folder = Path(tempfile.mkdtemp(prefix="writ-slurm-", dir="/run"))
    folder.chmod(0o755)
    try:
        with slurm_site(folder) as site:
            yield site
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def hosted(
    site: SlurmSite, agent: AgentOnTrial, plane: SmallControlPlane, monkeypatch: pytest.MonkeyPatch
) -> AgentOnTrial:
    """An agent on node n0 that launches by Slurm; warrants last longer than Slurm takes to start a job."""
    plane.ttl_ms, plane.grace_ms, plane.renew_interval_ms = 30_000, 500, 200
    until(lambda: site.states() == IDLE, 60)
    for name, value in {
        "SLURM_CONF": site.environment["SLURM_CONF"], "PATH": site.environment["PATH"], "WRIT_LAUNCHER": "slurm",
        "WRIT_SLURM_NODE": "n0",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return agent.start()


def test_attempt_takes_the_whole_node_under_writs_account_and_gives_it_back(
    site: SlurmSite, hosted: AgentOnTrial, plane: SmallControlPlane
) -> None:
    placed = plane.place()
    plane.wait_for(lambda: placed.loss, seconds=60)
    assert site.jobs() == [["n0", "writ", "RUNNING", "NO"]]
    assert site.states() == {"n0": "alloc", "n1": "idle"}
    placed.answer = "drain"
    assert plane.wait_for(lambda: placed.end, seconds=60).outcome == "drained"
    until(lambda: site.states() == IDLE, 60)
    assert site.jobs() == []


def test_drain_needs_no_controller(site: SlurmSite, hosted: AgentOnTrial, plane: SmallControlPlane) -> None:
    placed = plane.place()
    plane.wait_for(lambda: placed.loss, seconds=60)
    controller = site.programs["slurmctld"].pid
    os.kill(controller, signal.SIGSTOP)
    try:
        placed.answer = "drain"
        assert plane.wait_for(lambda: placed.end, seconds=60).outcome == "drained"
    finally:
        os.kill(controller, signal.SIGCONT)
    until(lambda: site.states() == IDLE, 60)


def test_expiry_needs_neither_controller_nor_control_plane(
    site: SlurmSite, hosted: AgentOnTrial, plane: SmallControlPlane
) -> None:
    placed = plane.place()
    plane.wait_for(lambda: placed.loss, seconds=60)
    controller = site.programs["slurmctld"].pid
    os.kill(controller, signal.SIGSTOP)
    try:
        with plane.changed:
            plane.ttl_ms = 1_500
        heard = len(plane.heard["renew"])
        plane.wait_for(lambda: len(plane.heard["renew"]) >= heard + 2)
        with plane.changed:
            plane.silent_for.add("renew")
        assert plane.wait_for(lambda: placed.end, seconds=60).outcome == "expired"
    finally:
        os.kill(controller, signal.SIGCONT)
    until(lambda: site.states() == IDLE, 60)


def test_refusal_ends_the_job_and_leaves_the_node_in_service(
    site: SlurmSite, hosted: AgentOnTrial, plane: SmallControlPlane
) -> None:
    def forge(name: str, answer: dict[str, object]) -> dict[str, object]:
        if name == "claim":
            answer["warrant"]["document"]["host_id"] = "another-host"  # type: ignore[index]
        return answer

    plane.tamper = forge
    placed = plane.place()
    assert plane.wait_for(lambda: placed.end, seconds=60).outcome == "refused"
    assert not placed.loss
    until(lambda: site.jobs() == [] and site.states() == IDLE, 60)


def test_node_that_another_job_has_is_not_waited_for(
    site: SlurmSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLURM_CONF", "PATH"):
        monkeypatch.setenv(name, site.environment[name])
    until(lambda: site.states() == IDLE, 60)
    other = site.ask("sbatch", "--parsable", "-w", "n1", "--exclusive", "--chdir=/", "--output=/dev/null", "--wrap",
                     "sleep 600")  # fmt: skip
    until(lambda: site.states()["n1"] == "alloc", 60)
    with pytest.raises(LaunchFailed, match="PENDING"):
        SlurmLauncher(Place("n1")).launch(tmp_path)
    assert [job[:1] for job in site.jobs()] == [["n1"]]
    site.ask("scancel", other)
    until(lambda: site.jobs() == [], 60)


def test_job_that_slurm_will_not_take_is_no_launch(
    site: SlurmSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLURM_CONF", "PATH"):
        monkeypatch.setenv(name, site.environment[name])
    with pytest.raises(LaunchFailed, match="invalid partition"):
        SlurmLauncher(Place("n0", partition="nobodys")).launch(tmp_path)


def test_order_keeps_the_devices_that_slurm_let_the_job_have() -> None:
    devices = tuple(HostDevice(f"D{index}", "H200 SXM", "nvml") for index in range(4))
    order = Order("a", "h", devices, (), 20_000, 8_000, "/r", "/c", ())
    assert order.found(None) == order
    assert [device.uuid for device in order.found("0,2-3").devices] == ["D0", "D2", "D3"]
