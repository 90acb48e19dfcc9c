"""The limits of a `train_lm` section, and that it is checked without torch."""

import subprocess
import sys
from decimal import Decimal

import pytest

from gpu_runtime.trainer.config import INTEGERS, ConfigError, TrainConfig

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
    ],
)
def test_config_fields_that_do_not_fit_each_other_refused(changes: dict[str, object], field: str) -> None:
    assert _faults(**changes) == [field]


def test_config_several_faults_all_listed() -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig.from_spec({"data": "the-web", "layers": 0, "depth": 3})
    assert [fault.field for fault in caught.value.faults] == ["depth", "data", "layers"]
    assert "the data sources are: python-stdlib" in str(caught.value)


def test_config_imported_alone_needs_no_torch() -> None:
    code = "import sys, gpu_runtime.trainer.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
