"""The `train_lm` section of a job: its fields, limits and messages. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

DATA_SOURCES = ("python-stdlib",)


class ConfigFault(NamedTuple):
    """One field that cannot be used, and what to write instead."""

    field: str
    message: str


class ConfigError(ValueError):
    """A `train_lm` section that cannot be trained; lists every fault at once."""

    def __init__(self, faults: tuple[ConfigFault, ...]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.message}" for fault in faults))
        self.faults = faults


class IntegerField(NamedTuple):
    """Limits of a whole number, both included."""

    least: int
    most: int
    default: int


INTEGERS: Mapping[str, IntegerField] = {
    "layers": IntegerField(1, 128, 4),
    "d_model": IntegerField(16, 16_384, 128),
    "heads": IntegerField(1, 256, 4),
    "kv_heads": IntegerField(1, 256, 2),
    "context": IntegerField(8, 32_768, 128),
    "batch": IntegerField(1, 4_096, 16),
    "steps": IntegerField(1, 10_000_000, 400),
    "warmup_steps": IntegerField(0, 10_000_000, 0),
    "seed": IntegerField(0, 2**53 - 1, 1),
    "evaluate_every": IntegerField(1, 10_000_000, 100),
    "checkpoint_every": IntegerField(1, 10_000_000, 50),
}
LEARNING_RATE_DEFAULT = Decimal("0.003")
LEARNING_RATE_MOST = Decimal(1)
LEARNING_RATE_LEAST = Decimal("0.000000001")
TOKENS_PER_STEP_MOST = 4_194_304


@dataclass(frozen=True)
class TrainConfig:
    """What to train, on what, for how long.

    Attributes:
        data: name of the data source.
        layers, d_model, heads, kv_heads: the transformer's size; kv_heads share keys among heads.
        context: bytes that one window holds. batch: windows a step.
        steps: optimiser steps in all. learning_rate: at its peak, after `warmup_steps`
            (a tenth of the steps where the section does not say).
        evaluate_every, checkpoint_every: in steps.
    """

    data: str
    layers: int
    d_model: int
    heads: int
    kv_heads: int
    context: int
    batch: int
    steps: int
    learning_rate: Decimal
    warmup_steps: int
    seed: int
    evaluate_every: int
    checkpoint_every: int

    @classmethod
    def from_spec(cls, section: Mapping[str, object]) -> "TrainConfig":
        """Read and check a `train_lm` section, filling defaults.

        Args:
            section: the mapping as a job file or a canonical spec has it.

        Raises:
            ConfigError: with every fault found.
        """
        faults = [_unknown(name) for name in section if name not in FIELD_NAMES]
        data = _read_data(section, faults)
        integers = {name: _read_integer(section, name, faults) for name in INTEGERS}
        if "warmup_steps" not in section:
            integers["warmup_steps"] = integers["steps"] // 10
        learning_rate = _read_learning_rate(section, faults)
        if not faults:
            faults += _relations(integers)
        if faults:
            raise ConfigError(tuple(faults))
        return cls(data=data, learning_rate=learning_rate, **integers)

    def to_spec(self) -> dict[str, int | str]:
        """The section as the canonical spec holds it: every field, learning_rate as a decimal string."""
        spec: dict[str, int | str] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            spec[field.name] = plain_decimal(value) if isinstance(value, Decimal) else value
        return spec

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.heads

    @property
    def tokens_per_step(self) -> int:
        """Bytes predicted in one step."""
        return self.batch * self.context


FIELD_NAMES = tuple(field.name for field in fields(TrainConfig))


def plain_decimal(value: Decimal) -> str:
    """A decimal without exponent or trailing zeros, so that equal numbers are written alike."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unknown(name: object) -> ConfigFault:
    return ConfigFault(str(name)[:60], f"is no field of train-lm; the fields are {', '.join(FIELD_NAMES)}.")


def _read_data(section: Mapping[str, object], faults: list[ConfigFault]) -> str:
    value = section.get("data")
    if isinstance(value, str) and value in DATA_SOURCES:
        return value
    known = ", ".join(DATA_SOURCES)
    found = "is missing" if value is None else f"{str(value)[:60]!r} is unknown"
    faults.append(ConfigFault("data", f"{found}; the data sources are: {known}."))
    return ""


def _read_integer(section: Mapping[str, object], name: str, faults: list[ConfigFault]) -> int:
    limits = INTEGERS[name]
    value = section.get(name, limits.default)
    if not isinstance(value, int) or isinstance(value, bool):
        faults.append(ConfigFault(name, f"must be a whole number, not {str(value)[:60]!r}."))
        return limits.default
    if not limits.least <= value <= limits.most:
        faults.append(ConfigFault(name, f"must be from {limits.least} to {limits.most}, not {value}."))
    return value


def _read_learning_rate(section: Mapping[str, object], faults: list[ConfigFault]) -> Decimal:
    value = section.get("learning_rate", LEARNING_RATE_DEFAULT)
    rate = _as_decimal(value)
    if rate is None:
        faults.append(ConfigFault("learning_rate", f"must be a number, not {str(value)[:60]!r}."))
        return LEARNING_RATE_DEFAULT
    if not LEARNING_RATE_LEAST <= rate <= LEARNING_RATE_MOST:
        least, most = plain_decimal(LEARNING_RATE_LEAST), plain_decimal(LEARNING_RATE_MOST)
        faults.append(ConfigFault("learning_rate", f"must be from {least} to {most}, not {str(value)[:60]}."))
    return rate


def _as_decimal(value: object) -> Decimal | None:
    """A finite decimal from a number or its text; a float by its shortest text, so that 0.003 stays 0.003."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        number = Decimal(str(value)[:60])
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _relations(values: Mapping[str, int]) -> list[ConfigFault]:
    d_model, heads, kv_heads = values["d_model"], values["heads"], values["kv_heads"]
    tokens = values["batch"] * values["context"]
    rules = (
        (d_model % (2 * heads) == 0, "d_model",
         f"must be a multiple of twice the heads ({2 * heads}), so that each head has an even width; it is {d_model}."),
        (heads % kv_heads == 0, "kv_heads", f"must divide heads ({heads}); it is {kv_heads}."),
        (values["warmup_steps"] <= values["steps"], "warmup_steps",
         f"must not exceed steps ({values['steps']}); it is {values['warmup_steps']}."),
        (tokens <= TOKENS_PER_STEP_MOST, "batch",
         f"times context must not exceed {TOKENS_PER_STEP_MOST} bytes a step; it is {tokens}."),
    )  # fmt: skip
    return [ConfigFault(field, message) for holds, field, message in rules if not holds]
