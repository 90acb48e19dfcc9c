"""The job spec: what a team may ask for, its limits, and its one canonical form with its digest."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from allocation.jobs.lines import JobFile, Path, Problem, Unreadable, read_job_file
from gpu_runtime.protocol import spec_digest

TIME_LIMIT_MS_LEAST: Final = 10_000
TIME_LIMIT_MS_MOST: Final = 7 * 24 * 3_600_000
TOKENS_PER_STEP_MOST: Final = 4_194_304
ARRAY_MOST: Final = 200
AFTER_MOST: Final = 32
RETRIES_MOST: Final = 10
BACK_OFF_MS_MOST: Final = 3_600_000
_UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,8})\s*(s|m|h)")
_REFERENCE: Final = re.compile(r"[A-Z0-9-]{3,20}")
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_DATASET: Final = re.compile(r"dataset:[a-z0-9][a-z0-9._-]{0,59}")
_FILE: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
# Ours, the device mask, and what makes a loader or an interpreter run other code than the program names.
_TAKEN: Final = ("WRIT_", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "LD_", "HOME", "TMPDIR")


def duration_ms(value: object) -> int:
    """``90s``, ``20m`` or ``4h`` in milliseconds."""
    found = _DURATION.fullmatch(str(value).strip())
    if not found:
        raise ValueError("is a whole number with s, m or h, such as 90s, 20m or 4h")
    limit_ms = int(found[1]) * _UNITS_MS[found[2]]
    if not TIME_LIMIT_MS_LEAST <= limit_ms <= TIME_LIMIT_MS_MOST:
        raise ValueError("is from 10s to 168h")
    return limit_ms


def decimal_text(value: object) -> str:
    """A learning rate as exact decimal text without trailing zeros, above 0 and at most 1."""
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) and len(str(value)) <= 40 else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not Decimal("0.000000001") <= number <= 1:
        raise ValueError("is a number from 0.000000001 to 1")
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def data_source(value: object) -> str:
    """The built-in data, or one that hosts keep, as ``dataset:wiki-en``."""
    if value == "python-stdlib" or _DATASET.fullmatch(str(value)):
        return str(value)
    raise ValueError("is python-stdlib, or dataset: and the name of one that hosts keep")


def back_off(value: object) -> int | None:
    """How long a failed job waits at first, such as 30s; it doubles with each failure in a row, up to an hour."""
    if value is None:
        return None
    found = _DURATION.fullmatch(str(value).strip())
    if not found or not 1_000 <= int(found[1]) * _UNITS_MS[found[2]] <= BACK_OFF_MS_MOST:
        raise ValueError("is from 1s to 1h, such as 30s or 5m")
    return int(found[1]) * _UNITS_MS[found[2]]


def job_references(value: object) -> tuple[str, ...]:
    """The jobs that have to succeed first, by their references, one or a list."""
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list | tuple) or not all(isinstance(each, str) for each in named):
        raise ValueError("is a job's reference, or a list of them")
    is_plain = all(_REFERENCE.fullmatch(each) for each in named) and len(set(named)) == len(named)
    if not is_plain or len(named) > AFTER_MOST:
        raise ValueError(f"names up to {AFTER_MOST} different jobs, such as JOB-2026-00042")
    return tuple(named)


def environment_names(value: object) -> object:
    """Variables of a command: the names of ours and those that would load other code into it are taken."""
    if isinstance(value, dict):
        for name in value:
            if not _VARIABLE.fullmatch(str(name)) or str(name).startswith(_TAKEN):
                raise ValueError(f"cannot set {name}: capitals, digits and underscores, and not {', '.join(_TAKEN)}")
        return {name: str(text) if type(text) is int else text for name, text in value.items()}
    return value


def file_names(value: object) -> object:
    """Files of a command are plain names in its work folder."""
    if isinstance(value, dict) and not all(_FILE.fullmatch(str(name)) for name in value):
        raise ValueError("names plain files: letters, digits, dots, dashes and underscores, no folders")
    return value


Word = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00]*$")]


class Command(BaseModel):
    """The team's own program: its words, its variables and small files that come with it; no shell in between.

    It runs only on hosts that keep it apart by a user of its own and a PID namespace or cgroup.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    argv: tuple[Word, ...] = Field(min_length=1, max_length=256)
    environment: Annotated[dict[str, Word], BeforeValidator(environment_names)] = Field(default={}, max_length=64)
    files: Annotated[dict[str, Annotated[str, Field(max_length=65_536)]], BeforeValidator(file_names)] = Field(
        default={}, max_length=32
    )

    @field_validator("argv", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if isinstance(value, list) and value and all(isinstance(word, str | int) for word in value):
            words = [str(word) for word in value]
            if not words[0].strip():
                raise ValueError("begins with the program")
            return words
        raise ValueError("is a list of words, the program first")


class TrainLm(BaseModel):
    """The built-in trainer's section: a transformer on a data source of the host.

    The limits are those of ``gpu_runtime.trainer.config`` (a test compares them). A field that is left out and has no
    default is absent from the canonical form: a spec from before it existed keeps its digest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Annotated[str, BeforeValidator(data_source)]
    layers: int = Field(4, ge=1, le=128, strict=True)
    d_model: int = Field(128, ge=16, le=16_384, strict=True)
    heads: int = Field(4, ge=1, le=256, strict=True)
    kv_heads: int = Field(2, ge=1, le=256, strict=True)
    context: int = Field(128, ge=8, le=32_768, strict=True)
    batch: int = Field(16, ge=1, le=4_096, strict=True)
    steps: int = Field(400, ge=1, le=10_000_000, strict=True)
    learning_rate: Annotated[str, BeforeValidator(decimal_text)] = "0.003"
    warmup_steps: int = Field(40, ge=0, le=10_000_000, strict=True)
    seed: int = Field(1, ge=0, le=2**53 - 1, strict=True)
    evaluate_every: int = Field(100, ge=1, le=10_000_000, strict=True)
    checkpoint_every: int = Field(50, ge=1, le=10_000_000, strict=True)
    hidden: int | None = Field(None, ge=16, le=131_072, strict=True)
    accumulate: int | None = Field(None, ge=1, le=4_096, strict=True)
    schedule: Literal["cosine", "wsd"] | None = None
    decay_steps: int | None = Field(None, ge=1, le=10_000_000, strict=True)
    tied: bool | None = Field(None, strict=True)
    precision: Literal["fp32", "bf16"] | None = None
    parallel: Literal["ddp", "fsdp"] | None = None
    deterministic: bool | None = Field(None, strict=True)
    compile: bool | None = Field(None, strict=True)
    export: bool | None = Field(None, strict=True)
    start_from: str | None = Field(None, pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")

    @model_validator(mode="after")
    def _fits_together(self) -> TrainLm:
        rules = (
            (self.d_model % (2 * self.heads) == 0, f"d_model is a multiple of twice the heads ({2 * self.heads})"),
            (self.heads % self.kv_heads == 0, f"kv_heads divides heads ({self.heads})"),
            (self.warmup_steps <= self.steps, f"warmup_steps does not exceed steps ({self.steps})"),
            (
                self.batch * self.context <= TOKENS_PER_STEP_MOST,
                f"batch times context does not exceed {TOKENS_PER_STEP_MOST}",
            ),
            (self.batch % (self.accumulate or 1) == 0, f"accumulate divides batch ({self.batch})"),
            (self.decay_steps is None or self.schedule == "wsd", "decay_steps belongs to the schedule wsd"),
            (
                self.warmup_steps + (self.decay_steps or 0) <= self.steps,
                f"warmup_steps and decay_steps together do not exceed steps ({self.steps})",
            ),
        )
        broken = [words for holds, words in rules if not holds]
        if broken:
            raise ValueError("; ".join(broken))
        return self


class ArrayPlace(BaseModel):
    """Which element of an array of jobs a job is; ``index`` counts from 0."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int = Field(ge=0, strict=True)
    size: int = Field(ge=2, le=ARRAY_MOST, strict=True)


class JobSpec(BaseModel):
    """A whole job: under which filing, on which chips, for how long, what to run, and what to do when it fails."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    name: str = Field(min_length=1, max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")
    filing: str = Field(min_length=1, max_length=20)
    chip: str = Field(min_length=1, max_length=60)
    devices: int = Field(1, ge=1, le=1024, strict=True)
    time_limit_ms: Annotated[int, BeforeValidator(duration_ms)] = Field(alias="time_limit")
    train_lm: TrainLm | None = Field(None, alias="train-lm")
    command: Command | None = None
    retries: int | None = Field(None, ge=0, le=RETRIES_MOST, strict=True)
    back_off_ms: Annotated[int | None, BeforeValidator(back_off)] = Field(None, alias="back_off")
    array_size: int | None = Field(None, ge=2, le=ARRAY_MOST, strict=True, alias="array", exclude=True)
    after: Annotated[tuple[str, ...], BeforeValidator(job_references)] = Field((), exclude=True)

    @model_validator(mode="after")
    def _runs_one_thing(self) -> JobSpec:
        if (self.train_lm is None) == (self.command is None):
            raise ValueError("a job has either train-lm or command")
        return self

    def canonical(self, index: int | None = None) -> dict[str, Any]:
        """The form that is hashed, stored and sent to hosts: defaults filled, no floats, nothing that is absent.

        Args:
            index: which element of its array, from 0.
        """
        said = self.model_dump(mode="json", exclude_none=True)
        if index is not None and self.array_size is not None:
            said["array"] = ArrayPlace(index=index, size=self.array_size).model_dump(mode="json")
        return said

    def digest(self, index: int | None = None) -> str:
        """SHA-256 of the canonical form."""
        return spec_digest(self.canonical(index))


class SpecInvalid(ValueError):
    """A job file with faults; all of them, each with its line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def parse_job(source: str) -> JobSpec:
    """Read and check a job file.

    Raises:
        SpecInvalid: with every fault found and its line.
    """
    try:
        read = read_job_file(source)
    except Unreadable as error:
        raise SpecInvalid((error.problem,)) from error
    try:
        return JobSpec.model_validate(read.values)
    except ValidationError as error:
        found = {_problem(read, each) for each in error.errors(include_url=False, include_context=False)}
        raise SpecInvalid(tuple(sorted(found, key=lambda problem: (problem.line, problem.message)))) from error


def _problem(read: JobFile, fault: Any) -> Problem:
    path: Path = tuple(str(part) for part in fault["loc"])
    name = path[-1] if path else "job"
    return Problem(read.line(path), _words(name, fault["type"], str(fault["msg"])))


def _words(name: str, kind: str, message: str) -> str:
    match kind:
        case "missing":
            return f"{name} is required."
        case "extra_forbidden":
            return f"{name} is not a field of a job file."
        case "value_error":
            said = message.removeprefix("Value error, ")
            return f"{said}." if name in {"train-lm", "job", "command"} else f"{name} {said}."
        case "int_type" | "int_from_float":
            return f"{name} is a whole number."
        case "string_pattern_mismatch":
            return f"{name} begins with a letter or digit; spaces, dots, dashes and underscores may follow."
        case _:
            return f"{name}: {message.removeprefix('Input ').rstrip('.')}."
