"""How the fields of a `train_lm` section are read: kinds, limits and messages. Standard library only."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

BUILT_IN_DATA = "python-stdlib"
DATASET_PREFIX = "dataset:"
NAME_PATTERN = r"[a-z0-9][a-z0-9._-]{0,59}"
NAME = re.compile(NAME_PATTERN)


class ConfigFault(NamedTuple):
    """One field that cannot be used, and what to write instead."""

    field: str
    message: str


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


class Limits(NamedTuple):
    """Limits of a whole number that may be left out, both included."""

    least: int
    most: int


# A field that is left out is left out of the canonical spec too, so that a spec written before it existed
# keeps its digest.
OPTIONAL_INTEGERS: Mapping[str, Limits] = {
    "hidden": Limits(16, 131_072),
    "accumulate": Limits(1, 4_096),
    "decay_steps": Limits(1, 10_000_000),
}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "schedule": ("cosine", "wsd"),
    "precision": ("fp32", "bf16"),
    "parallel": ("ddp", "fsdp"),
}
FLAGS = ("tied", "deterministic", "compile", "export")
LEARNING_RATE_DEFAULT = Decimal("0.003")
LEARNING_RATE_MOST = Decimal(1)
LEARNING_RATE_LEAST = Decimal("0.000000001")


def plain_decimal(value: Decimal) -> str:
    """A decimal without exponent or trailing zeros, so that equal numbers are written alike."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class SectionReader:
    """Reads a section field by field and keeps every fault found."""

    def __init__(self, section: Mapping[str, object], known: tuple[str, ...]) -> None:
        self._section = section
        self.faults = [
            ConfigFault(str(name)[:60], f"is no field of train-lm; the fields are {', '.join(known)}.")
            for name in section
            if name not in known
        ]

    def data(self) -> str:
        """The data source."""
        value = self._section.get("data")
        if isinstance(value, str) and is_data_source(value):
            return value
        found = "is missing" if value is None else f"{str(value)[:60]!r} is unknown"
        self._refuse(
            "data", f"{found}; the data sources are: {BUILT_IN_DATA}, and {DATASET_PREFIX}NAME for one that hosts keep."
        )
        return ""

    def integer(self, name: str) -> int:
        """A whole number that has a default."""
        limits = INTEGERS[name]
        value = self._whole(name, self._section.get(name, limits.default), Limits(limits.least, limits.most))
        return limits.default if value is None else value

    def optional_integer(self, name: str) -> int | None:
        """A whole number, or None where the section does not say."""
        value = self._section.get(name)
        return None if value is None else self._whole(name, value, OPTIONAL_INTEGERS[name])

    def choice(self, name: str) -> str | None:
        """One of a few words, or None where the section does not say."""
        value = self._section.get(name)
        if value is None or (isinstance(value, str) and value in CHOICES[name]):
            return value if isinstance(value, str) else None
        self._refuse(name, f"must be {' or '.join(CHOICES[name])}, not {str(value)[:60]!r}.")
        return None

    def flag(self, name: str) -> bool | None:
        """Yes, no, or None where the section does not say."""
        value = self._section.get(name)
        if value is None or isinstance(value, bool):
            return value
        self._refuse(name, f"must be true or false, not {str(value)[:60]!r}.")
        return None

    def model_name(self) -> str | None:
        """The model to start from, or None."""
        value = self._section.get("start_from")
        if value is None or (isinstance(value, str) and NAME.fullmatch(value)):
            return value if isinstance(value, str) else None
        self._refuse("start_from", f"must name a model that hosts keep, in small letters, not {str(value)[:60]!r}.")
        return None

    def learning_rate(self) -> Decimal:
        """The peak learning rate."""
        value = self._section.get("learning_rate", LEARNING_RATE_DEFAULT)
        rate = _as_decimal(value)
        if rate is None:
            self._refuse("learning_rate", f"must be a number, not {str(value)[:60]!r}.")
            return LEARNING_RATE_DEFAULT
        if not LEARNING_RATE_LEAST <= rate <= LEARNING_RATE_MOST:
            least, most = plain_decimal(LEARNING_RATE_LEAST), plain_decimal(LEARNING_RATE_MOST)
            self._refuse("learning_rate", f"must be from {least} to {most}, not {str(value)[:60]}.")
        return rate

    def _whole(self, name: str, value: object, limits: Limits) -> int | None:
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse(name, f"must be a whole number, not {str(value)[:60]!r}.")
            return None
        if not limits.least <= value <= limits.most:
            self._refuse(name, f"must be from {limits.least} to {limits.most}, not {value}.")
        return value

    def _refuse(self, name: str, message: str) -> None:
        self.faults.append(ConfigFault(name, message))


def is_data_source(value: str) -> bool:
    """Whether a name is the built-in source or has the form of a host's data set."""
    return value == BUILT_IN_DATA or (
        value.startswith(DATASET_PREFIX) and NAME.fullmatch(value.removeprefix(DATASET_PREFIX)) is not None
    )


def _as_decimal(value: object) -> Decimal | None:
    """A finite decimal from a number or its text; a float by its shortest text, so that 0.003 stays 0.003."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        number = Decimal(str(value)[:60])
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
