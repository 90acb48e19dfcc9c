"""Matching and loaders stand without Django."""

import subprocess
import sys

PROGRAM = """
import sys
sys.modules["django"] = None
import procurement.screening.matching.matcher, procurement.screening.loaders.formats, procurement.screening.effects
"""


def test_matching_and_loaders_import_no_django() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
