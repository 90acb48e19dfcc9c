"""The limits of a `train_lm` section, and that it is checked without torch."""

import subprocess
import sys
from decimal import Decimal

import pytest

from gpu_runtime.trainer.config import CHOICES, FLAGS, INTEGERS, OPTIONAL_INTEGERS, ConfigError, TrainConfig

GOOD: dict[str, object] = {"data": "python-stdlib"}


def _faults(**changes: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_spec(GOOD | changes)
    return [fault.field for fault in caught.value.faults]


def test_config_data_alone_gets_defaults() -> None:
    config = TrainConfig.from_spec(GOOD)
    assert (config.layers, config.steps, config.warmup_steps) == (4, 400, 40)
    assert config.learning_rate == Decimal("0.003")


def test_config_short_training_default_warmup_is_a_tenth() -> None:
    assert TrainConfig.from_spec(GOOD | {"steps": 25}).warmup_steps == 2


def test_config_canonical_spec_reads_back_the_same() -> None:
    config = TrainConfig.from_spec(GOOD | {"learning_rate": 3e-3, "steps": 7})
    assert config.to_spec()["learning_rate"] == "0.003"
    assert TrainConfig.from_spec(config.to_spec()) == config


@pytest.mark.parametrize("name", [name for name in INTEGERS if name not in ("heads", "kv_heads", "warmup_steps")])
def test_config_integer_at_its_limits_taken_and_beyond_refused(name: str) -> None:
    limits = INTEGERS[name]
    assert _faults(**{name: limits.least - 1}) == [name]
    assert _faults(**{name: limits.most + 1}) == [name]
    fitting = {"heads": 1, "kv_heads": 1, "batch": 1, "warmup_steps": 0}
    for value in (limits.least, limits.most):
        assert getattr(TrainConfig.from_spec(GOOD | fitting | {name: value}), name) == value


@pytest.mark.parametrize("value", ["4", 4.0, True, None, [4]])
def test_config_integer_of_another_kind_refused(value: object) -> None:
    assert _faults(layers=value) == ["layers"]


@pytest.mark.parametrize(
    "value", ["0", "-0.1", "1.000001", "0.0000000001", "nan", "inf", "fast", True, None, [1], "9" * 90]
)
def test_config_learning_rate_beyond_its_limits_refused(value: object) -> None:
    assert _faults(learning_rate=value) == ["learning_rate"]


@pytest.mark.parametrize(("value", "text"), [("1", "1"), (1, "1"), ("0.000000001", "0.000000001"), ("1e-3", "0.001")])
def test_config_learning_rate_written_plainly(value: object, text: str) -> None:
    assert TrainConfig.from_spec(GOOD | {"learning_rate": value}).to_spec()["learning_rate"] == text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"d_model": 130}, "d_model"),
        ({"heads": 64, "kv_heads": 64, "d_model": 64}, "d_model"),
        ({"kv_heads": 3}, "kv_heads"),
        ({"kv_heads": 8}, "kv_heads"),
        ({"warmup_steps": 401}, "warmup_steps"),
        ({"batch": 4096, "context": 1025}, "batch"),
        ({"batch": 16, "accumulate": 3}, "accumulate"),
        ({"decay_steps": 10}, "decay_steps"),
        ({"schedule": "cosine", "decay_steps": 10}, "decay_steps"),
        ({"schedule": "wsd", "decay_steps": 361}, "decay_steps"),
    ],
)
def test_config_fields_that_do_not_fit_each_other_refused(changes: dict[str, object], field: str) -> None:
    assert _faults(**changes) == [field]


@pytest.mark.parametrize("name", OPTIONAL_INTEGERS)
def test_config_optional_integer_beyond_its_limits_refused(name: str) -> None:
    limits = OPTIONAL_INTEGERS[name]
    assert _faults(**{name: limits.least - 1}) == [name]
    assert _faults(**{name: limits.most + 1}) == [name]
    assert _faults(**{name: "2"}) == [name]


@pytest.mark.parametrize("name", [*CHOICES, *FLAGS, "start_from"])
def test_config_word_that_is_none_of_a_field_refused(name: str) -> None:
    assert _faults(**{name: "Sometimes"}) == [name]
    assert _faults(**{name: 1}) == [name]


def test_config_fields_left_out_are_absent_from_the_canonical_spec() -> None:
    assert set(TrainConfig.from_spec(GOOD).to_spec()) == {"data", "learning_rate", *INTEGERS}


def test_config_with_every_field_reads_back_the_same() -> None:
    said = {
        "data": "dataset:wiki-en", "hidden": 352, "accumulate": 4, "schedule": "wsd", "decay_steps": 80, "tied": False,
        "precision": "bf16", "parallel": "fsdp", "deterministic": True, "compile": True, "export": True,
        "start_from": "tiny-llama",
    }  # fmt: skip
    config = TrainConfig.from_spec(said)
    assert said.items() <= config.to_spec().items()
    assert TrainConfig.from_spec(config.to_spec()) == config


@pytest.mark.parametrize("name", ["dataset:", "dataset:../x", "dataset:Wiki", "dataset:a/b", "dataset:" + "a" * 61])
def test_config_data_set_of_a_name_that_could_lead_elsewhere_refused(name: str) -> None:
    assert _faults(data=name) == ["data"]


def test_config_several_faults_all_listed() -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_spec({"data": "the-web", "layers": 0, "depth": 3})
    assert [fault.field for fault in caught.value.faults] == ["depth", "data", "layers"]
    assert "the data sources are: python-stdlib" in str(caught.value)


def test_config_imported_alone_needs_no_torch() -> None:
    code = "import sys, gpu_runtime.trainer.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
