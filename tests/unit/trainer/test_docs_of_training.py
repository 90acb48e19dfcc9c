"""docs/training.md: its job file is one, and its table names every field of the section."""

import re
from pathlib import Path

from allocation.jobs.spec import parse_job
from gpu_runtime.trainer.config import FIELD_NAMES, TrainConfig

PAGE = (Path(__file__).parents[3] / "docs" / "training.md").read_text(encoding="utf-8")


def test_job_file_of_the_page_is_taken_by_job_forms_and_the_trainer() -> None:
    example = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)[0]
    section = parse_job(example).canonical()["train_lm"]
    assert TrainConfig.from_spec(section).to_spec() == section


def test_table_of_the_page_names_every_field() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named | {"decay_steps"} == set(FIELD_NAMES)
