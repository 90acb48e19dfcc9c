"""Job files with a team's own program, arrays, order and retries."""

from datetime import timedelta

import pytest

from allocation.jobs.after import Ended, judge
from allocation.jobs.spec import SpecInvalid, parse_job
from allocation.jobs.states import AttemptOutcome, JobAction
from gpu_runtime.guard.isolation import Containment, Isolation
from gpu_runtime.protocol.levels import COMMAND_LEVELS, admits_commands

HEAD = "name: own\nfiling: FIL-2026-00001\nchip: h200-sxm\ntime_limit: 20m\n"
COMMAND = "command:\n  argv: [python3, train.py, --epochs, 3]\n"


def faults(source: str) -> str:
    with pytest.raises(SpecInvalid) as error:
        parse_job(source)
    return str(error.value)


def test_command_is_a_list_of_words_with_its_files_and_variables() -> None:
    more = "  environment: {EPOCHS: 3, NAME: x y}\n  files:\n    train.py: |\n      print('hello')\n"
    spec = parse_job(HEAD + COMMAND + more).canonical()
    assert spec["command"] == {
        "argv": ["python3", "train.py", "--epochs", "3"],
        "environment": {"EPOCHS": "3", "NAME": "x y"},
        "files": {"train.py": "print('hello')\n"},
    }
    assert "train_lm" not in spec
    assert "array" not in spec


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("command:\n  argv: python train.py\n", "line 6: argv is a list of words, the program first."),
        ("command:\n  argv: []\n", "argv is a list of words"),
        ("command:\n  argv: [a]\n  shell: true\n", "line 7: shell is not a field"),
        ("command:\n  argv: [a]\n  environment: {WRIT_DEVICES: x}\n", "cannot set WRIT_DEVICES"),
        ("command:\n  argv: [a]\n  environment: {LD_PRELOAD: x}\n", "cannot set LD_PRELOAD"),
        ("command:\n  argv: [a]\n  environment: {CUDA_VISIBLE_DEVICES: x}\n", "cannot set CUDA_VISIBLE_DEVICES"),
        ("command:\n  argv: [a]\n  environment: {lower: x}\n", "cannot set lower"),
        ("command:\n  argv: [a]\n  files: {../x: y}\n", "files names plain files"),
        ("command:\n  argv: [a]\n  files: {.hidden: y}\n", "files names plain files"),
        (COMMAND + "train-lm:\n  data: python-stdlib\n", "either train-lm or command"),
        ("", "either train-lm or command"),
        (COMMAND + "array: 1\n", "array"),
        (COMMAND + "array: 201\n", "array"),
        (COMMAND + "after: [job, JOB-1]\n", "after names up to 32 different jobs"),
        (COMMAND + "after: [JOB-1, JOB-1]\n", "after names up to 32 different jobs"),
        (COMMAND + "retries: 11\n", "retries"),
        (COMMAND + "back_off: 2h\n", "back_off is from 1s to 1h"),
    ],
)
def test_faulty_job_file_is_refused_with_its_reason(command: str, words: str) -> None:
    assert words in faults(HEAD + command)


def test_spec_of_the_built_in_trainer_is_what_it_was_before_commands() -> None:
    spec = parse_job(HEAD + "train-lm:\n  data: python-stdlib\n").canonical()
    assert set(spec) == {"name", "filing", "chip", "devices", "time_limit_ms", "train_lm"}


def test_each_element_of_an_array_has_a_digest_of_its_own() -> None:
    spec = parse_job(HEAD + COMMAND + "array: 3\n")
    assert [spec.canonical(index)["array"] for index in range(3)] == [{"index": i, "size": 3} for i in range(3)]
    assert len({spec.digest(index) for index in range(3)}) == 3


@pytest.mark.parametrize(("retries", "failures", "action"), [(0, 0, "fail"), (1, 0, "requeue"), (1, 1, "fail")])
def test_job_is_tried_again_as_often_as_its_file_says(retries: int, failures: int, action: str) -> None:
    verdict = judge(Ended(AttemptOutcome.FAILED, "x", failures_before=failures, retries=retries))
    assert verdict.action == JobAction(action)


def test_back_off_doubles_from_what_the_file_says_and_stops_at_an_hour() -> None:
    def wait(failures: int) -> timedelta:
        ended = Ended(AttemptOutcome.FAILED, "x", failures_before=failures, retries=10, back_off=timedelta(minutes=10))
        return judge(ended).back_off

    assert [wait(failures) for failures in range(4)] == [timedelta(minutes=m) for m in (10, 20, 40, 60)]


def test_levels_that_admit_commands_are_own_user_and_namespace_or_cgroup() -> None:
    admitted = {str(Isolation(own, held)) for own in (True, False) for held in Containment}
    assert {level for level in admitted if admits_commands(level)} == COMMAND_LEVELS
    assert str(Isolation(True, Containment.SWEEP)) not in COMMAND_LEVELS
    assert not any(level.startswith("same-user") for level in COMMAND_LEVELS)
