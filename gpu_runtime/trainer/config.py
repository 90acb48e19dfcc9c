"""The `train_lm` section of a job: its fields, limits and messages. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from gpu_runtime.trainer.fields import (
    BUILT_IN_DATA,
    CHOICES,
    DATASET_PREFIX,
    FLAGS,
    INTEGERS,
    OPTIONAL_INTEGERS,
    ConfigFault,
    IntegerField,
    SectionReader,
    plain_decimal,
)

__all__ = [
    "BUILT_IN_DATA", "CHOICES", "DATASET_PREFIX", "FLAGS", "INTEGERS", "OPTIONAL_INTEGERS", "TOKENS_PER_STEP_MOST",
    "ConfigError", "ConfigFault", "IntegerField", "TrainConfig",
]  # fmt: skip
TOKENS_PER_STEP_MOST = 4_194_304


class ConfigError(ValueError):
    """A `train_lm` section that cannot be trained; lists every fault at once."""

    def __init__(self, faults: tuple[ConfigFault, ...]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.message}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class TrainConfig:
    """What to train, on what, for how long.

    Attributes:
        data: name of the data source.
        layers, d_model, heads, kv_heads: the transformer's size; kv_heads share keys among heads.
        context: tokens that one window holds (bytes, where the data is byte by byte). batch: windows a step.
        steps: optimiser steps in all. learning_rate: at its peak, after `warmup_steps`
            (a tenth of the steps where the section does not say).
        evaluate_every, checkpoint_every: in steps.
        hidden: width of the gated layer; 8/3 of d_model, rounded up to a multiple of 32, where None.
        accumulate: parts that a step's windows are run in, one after another; less memory, the same step.
        schedule: after the warm-up a half cosine (None means this), or "wsd": the peak until the last
            `decay_steps` (a tenth of the steps where None), then straight down.
        tied: whether the embedding is also the output projection; None means yes.
        precision: None means bfloat16 with float32 masters on a GPU, and float32 on the CPU.
        parallel: over several processes "ddp" (None means this) or "fsdp".
        deterministic: refuse every operation whose result is not the same each time.
        compile: let torch.compile fuse what lies between the kernels.
        export: write the trained model as Hugging Face safetensors at the end.
        start_from: a model of the host's, Llama-shaped safetensors, to go on from.
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
    hidden: int | None = None
    accumulate: int | None = None
    schedule: str | None = None
    decay_steps: int | None = None
    tied: bool | None = None
    precision: str | None = None
    parallel: str | None = None
    deterministic: bool | None = None
    compile: bool | None = None
    export: bool | None = None
    start_from: str | None = None

    @classmethod
    def from_spec(cls, section: Mapping[str, object]) -> "TrainConfig":
        """Read and check a `train_lm` section, filling defaults.

        Args:
            section: the mapping as a job file or a canonical spec has it.

        Raises:
            ConfigError: with every fault found.
        """
        reader = SectionReader(section, FIELD_NAMES)
        values: dict[str, Any] = {"data": reader.data(), "learning_rate": reader.learning_rate()}
        values |= {name: reader.integer(name) for name in INTEGERS}
        if "warmup_steps" not in section:
            values["warmup_steps"] = values["steps"] // 10
        values |= {name: reader.optional_integer(name) for name in OPTIONAL_INTEGERS}
        values |= {name: reader.choice(name) for name in CHOICES}
        values |= {name: reader.flag(name) for name in FLAGS}
        values["start_from"] = reader.model_name()
        faults = reader.faults or _relations(values)
        if faults:
            raise ConfigError(tuple(faults))
        return cls(**values)

    def to_spec(self) -> dict[str, int | str | bool]:
        """The section as the canonical spec holds it: what was left out is absent, learning_rate is decimal text."""
        spec: dict[str, int | str | bool] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                spec[field.name] = plain_decimal(value) if isinstance(value, Decimal) else value
        return spec

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.heads

    @property
    def tokens_per_step(self) -> int:
        """Tokens predicted in one step."""
        return self.batch * self.context

    @property
    def parts(self) -> int:
        """Parts that a step's windows are run in."""
        return self.accumulate or 1

    @property
    def decay_from(self) -> int:
        """The last step at the peak, where the schedule is wsd."""
        return self.steps - (self.decay_steps or max(1, self.steps // 10))


FIELD_NAMES = tuple(field.name for field in fields(TrainConfig))


def _relations(given: Mapping[str, Any]) -> list[ConfigFault]:
    d_model, heads, kv_heads = given["d_model"], given["heads"], given["kv_heads"]
    steps, warmup, batch = given["steps"], given["warmup_steps"], given["batch"]
    parts, decay, tokens = given["accumulate"] or 1, given["decay_steps"], batch * given["context"]
    rules = (
        (d_model % (2 * heads) == 0, "d_model",
         f"must be a multiple of twice the heads ({2 * heads}), so that each head has an even width; it is {d_model}."),
        (heads % kv_heads == 0, "kv_heads", f"must divide heads ({heads}); it is {kv_heads}."),
        (warmup <= steps, "warmup_steps", f"must not exceed steps ({steps}); it is {warmup}."),
        (tokens <= TOKENS_PER_STEP_MOST, "batch",
         f"times context must not exceed {TOKENS_PER_STEP_MOST} tokens a step; it is {tokens}."),
        (batch % parts == 0, "accumulate", f"must divide batch ({batch}); it is {parts}."),
        (decay is None or given["schedule"] == "wsd", "decay_steps", "belongs to the schedule wsd alone."),
        (decay is None or warmup + decay <= steps, "decay_steps",
         f"and warmup_steps ({warmup}) together must not exceed steps ({steps}); it is {decay}."),
    )  # fmt: skip
    return [ConfigFault(field, message) for holds, field, message in rules if not holds]
