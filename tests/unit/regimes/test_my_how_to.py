"""The how-to shows the Malaysian pack as it is: its blocks stand in the files, its names exist, its command answers."""

import re
from pathlib import Path

import pytest

from procurement.determinations.ad_hoc import published, read_question
from procurement.determinations.names import NAMES

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs/how-to/add-a-regime.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n# (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMAND = next(line for line in TEXT.splitlines() if line.startswith("manage.py determine"))


@pytest.mark.parametrize(("path", "block"), BLOCKS, ids=[path for path, _block in BLOCKS])
def test_block_of_the_how_to_stands_in_its_file(path, block):
    assert block.rstrip("\n") in (ROOT / path).read_text(encoding="utf-8")


def test_how_to_shows_data_rules_registry_and_tests():
    assert len(BLOCKS) >= 5


def test_every_file_that_the_how_to_names_exists():
    named = set(re.findall(r"`((?:procurement|tests)/[\w/.]+\.\w+)`", TEXT)) | {path for path, _block in BLOCKS}
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_command_of_the_how_to_answers_for_malaysia():
    pairs = re.findall(r"--([\w-]+) (\S+)", COMMAND)
    assert {name.replace("-", "_") for name, _value in pairs} <= set(NAMES)
    answer = published(read_question(dict(pairs))).to_json()
    assert {row["regime"]: row["lane"] for row in answer["outcomes"]}["my_sta"] == "licence_required"
