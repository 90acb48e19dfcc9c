"""A small control plane, guards and agents on trial."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.gpu_runtime.control_plane import SmallControlPlane, small_control_plane
from tests.integration.gpu_runtime.hosts import AgentOnTrial, GuardOnTrial

PATIENT_TTL_MS = 60_000  # a machine that is slowed ten times must not make a guard give up that is not asked to


@pytest.fixture
def plane() -> Iterator[SmallControlPlane]:
    """A control plane with a short lease: 1.5 s, of which the last 0.5 s is grace."""
    with small_control_plane() as plane:
        yield plane


@pytest.fixture
def put_on_trial(tmp_path: Path, plane: SmallControlPlane) -> Iterator[Callable[..., GuardOnTrial]]:
    """Starts guards, and leaves none behind."""
    guards: list[GuardOnTrial] = []
    tmp_path.chmod(0o711)

    def put(runner: str = "obedient.sh", containment: str = "best", ttl_ms: int = PATIENT_TTL_MS) -> GuardOnTrial:
        plane.ttl_ms = ttl_ms
        guards.append(GuardOnTrial(tmp_path, plane, runner, containment))
        return guards[-1]

    yield put
    for guard in guards:
        guard.clear()


@pytest.fixture
def agent(tmp_path: Path, plane: SmallControlPlane) -> Iterator[AgentOnTrial]:
    """An agent, not started yet."""
    agent = AgentOnTrial(tmp_path, plane)
    yield agent
    agent.clear()
