"""Job files: read safely, judged with line numbers, one canonical form."""

import dataclasses

import pytest
from pydantic import ValidationError

from allocation.jobs.spec import SpecInvalid, TrainLm, parse_job
from gpu_runtime.trainer import config

GOOD = """name: stdlib-bytes
filing: FIL-2026-00001
chip: h200-sxm
devices: 2
time_limit: 20m
train-lm:
  data: python-stdlib
  layers: 4
  learning_rate: 0.0030
"""


def problems_of(source: str) -> list[tuple[int, str]]:
    with pytest.raises(SpecInvalid) as caught:
        parse_job(source)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_spec_with_defaults_gives_one_canonical_form() -> None:
    spec = parse_job(GOOD)
    canonical = spec.canonical()
    assert canonical["time_limit_ms"] == 1_200_000
    assert canonical["train_lm"]["learning_rate"] == "0.003"
    assert canonical["train_lm"]["steps"] == 400
    reordered = parse_job(GOOD.replace("devices: 2\n", "") + "devices: 2\n")
    assert reordered.digest() == spec.digest()


def test_spec_with_another_value_has_another_digest() -> None:
    assert parse_job(GOOD).digest() != parse_job(GOOD.replace("layers: 4", "layers: 5")).digest()


def test_spec_limits_equal_those_of_the_trainer() -> None:
    ours = TrainLm(data="python-stdlib").model_dump(mode="json", exclude_none=True)
    theirs = config.TrainConfig.from_spec({"data": "python-stdlib"}).to_spec()
    assert ours == theirs
    for name, limits in config.INTEGERS.items():
        bounds = TrainLm.model_fields[name].metadata
        assert {getattr(each, "ge", None) for each in bounds} >= {limits.least}, name
        assert {getattr(each, "le", None) for each in bounds} >= {limits.most}, name
    for name, few in config.OPTIONAL_INTEGERS.items():
        for value in (few.least - 1, few.most + 1):
            with pytest.raises(ValidationError):
                TrainLm.model_validate({"data": "python-stdlib", name: value})
    for name, words in config.CHOICES.items():
        fitting = [TrainLm.model_validate({"data": "python-stdlib", name: word}) for word in words]
        assert [getattr(each, name) for each in fitting] == list(words)
    assert [each.name for each in dataclasses.fields(config.TrainConfig)] == list(TrainLm.model_fields)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("devices: 2", "devices: 0", 4, "devices"),
        ("devices: 2", "devices: two", 4, "whole number"),
        ("devices: 2", "devices: yes", 4, "whole number"),
        ("time_limit: 20m", "time_limit: 20", 5, "s, m or h"),
        ("time_limit: 20m", "time_limit: 200h", 5, "168h"),
        ("time_limit: 20m\n", "", 1, "time_limit is required"),
        ("  layers: 4", "  layers: 4.5", 8, "whole number"),
        ("  layers: 4", "  layers: 999", 8, "128"),
        ("  layers: 4", "  depth: 4", 8, "not a field"),
        ("0.0030", "abc", 9, "from 0.000000001 to 1"),
        ("0.0030", "2", 9, "from 0.000000001 to 1"),
        ("  layers: 4", "  heads: 3", 6, "multiple"),
        ("python-stdlib", "wikipedia", 7, "python-stdlib"),
        ("chip: h200-sxm", "chip: &a h200\nx: *a", 4, "Aliases"),
        ("chip: h200-sxm", "name: again", 3, "twice"),
        ("chip: h200-sxm", "chip: !!python/object:os.system x", 3, "Tags"),
        ("devices: 2", 'devices: !!int ""', 4, "Tags"),
        ("devices: 2", "devices: !!timestamp x", 4, "Tags"),
        ("devices: 2", "devices: !!bool x", 4, "Tags"),
        ("devices: 2", "devices: ! 2", 4, "Tags"),
        ("train-lm:\n", "train-lm: !!set\n", 6, "Tags"),
        ("devices: 2", "!!str devices: 2", 4, "Tags"),
        ("devices: 2", "devices: 0x" + "f" * 9000, 4, "no value that can be kept"),
        ("chip: h200-sxm", 'chip: "\\ud800"', 3, "no value that can be kept"),
        ("chip: h200-sxm", 'chip: "a\\0"', 3, "no value that can be kept"),
        ("chip: h200-sxm", '"\\ud800": x', 3, "plain text"),
        ("chip: h200-sxm", "chip: [", 5, "cannot be read"),
    ],
)
def test_spec_with_a_fault_names_the_line(old: str, new: str, line: int, words: str) -> None:
    found = problems_of(GOOD.replace(old, new))
    assert any(at == line and words in message for at, message in found), found


def test_spec_with_two_faults_lists_both() -> None:
    assert len(problems_of(GOOD.replace("devices: 2", "devices: 0").replace("layers: 4", "layers: 0"))) == 2


def test_spec_over_64_kib_is_refused_unread() -> None:
    assert "65536" in problems_of("#" * (64 * 1024 + 1))[0][1]


@pytest.mark.parametrize("source", ["", "- a\n- b\n", "just text", "{" * 200])
def test_spec_that_is_no_mapping_is_refused(source: str) -> None:
    assert problems_of(source)
