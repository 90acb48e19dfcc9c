"""The trial's short form: a quarter of a minute of faults on three hosts, every invariant checked from outside."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded.accounts import postgres_account
from tests import databases


@pytest.fixture
def schema(services: None, tmp_path: Path) -> Path:
    """A dump of the migrated template, which loads in two seconds."""
    name = databases.clone_name("chaos")
    databases.make_clone(databases.ensure_template(), name)
    try:
        dumping = postgres_account().popen(
            ["pg_dump", f"--dbname={databases.owner_conninfo(name)}"], stdout=(tmp_path / "schema.sql").open("wb")
        )
        assert dumping.wait() == 0
    finally:
        databases.drop_clone(name)
    return tmp_path / "schema.sql"


@pytest.mark.netns
@pytest.mark.long
@pytest.mark.timeout(600)
def test_short_trial_breaks_no_invariant_and_loses_no_job(schema: Path) -> None:
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_URL", "REDIS_URL"))}
    trial = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--seed", "5", "--seconds", "12", "--jobs", "8", "--schema", str(schema)],
        env=outside, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert trial.stdout, trial.stderr[-4000:]
    result = json.loads(trial.stdout)
    assert result["violations"] == []
    assert result["jobs lost"] == 0
    assert sum(result["faults"].values()) > 5
    assert trial.returncode == 0
