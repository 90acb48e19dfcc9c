"""`manage.py determine` as a process: exit status and standard input."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(environment, *options, given=""):
    command = [sys.executable, str(ROOT / "manage.py"), "determine", *options]
    return subprocess.run(command, input=given, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=100)


@pytest.mark.django_db(transaction=True)
def test_process_computes_one_and_a_batch_from_standard_input(process_environment):
    one = run(process_environment, "--chip", "h200-sxm", "--to", "CN", "--json")
    assert (one.returncode, json.loads(one.stdout)["eccn"]) == (0, "3A090.a")
    many = run(process_environment, "--batch", "-", given='{"chip": "t4", "to": "DE"}\n{"chip": "no", "to": "DE"}\n')
    assert (many.returncode, len(many.stdout.splitlines())) == (2, 2)


@pytest.mark.django_db
@pytest.mark.parametrize("options", [("--chip", "no-such-chip", "--to", "CN"), ("--nonsense",)])
def test_process_with_bad_input_exits_2_with_words_and_no_trace(process_environment, options):
    ended = run(process_environment, *options)
    assert ended.returncode == 2
    assert ended.stderr
    assert "Traceback" not in ended.stderr
