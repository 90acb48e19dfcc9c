"""The size and the particulars of a decoder-only, Llama-shaped transformer. Standard library only."""

from dataclasses import dataclass

from gpu_runtime.trainer.config import TrainConfig

BYTES = 256


@dataclass(frozen=True)
class RopeScaling:
    """How rotary frequencies are stretched for long contexts.

    Source: "The Llama 3 Herd of Models" (2024), section 3.4.2, as Hugging Face's rope type "llama3" has it.
    """

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_context: int


@dataclass(frozen=True)
class ModelShape:
    """What decides which parameters a model has and what they mean.

    Attributes:
        vocabulary: token numbers that the embedding holds. hidden: width of the gated layer.
        context: the longest window that positions are made for.
        tied: whether the embedding is also the output projection.
        rope_base, rope_scaling: of the rotary positions. norm_eps: of RMSNorm.
    """

    vocabulary: int
    layers: int
    d_model: int
    heads: int
    kv_heads: int
    hidden: int
    context: int
    tied: bool = True
    rope_base: float = 10_000.0
    norm_eps: float = 1e-5
    rope_scaling: RopeScaling | None = None

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.heads


def hidden_width(d_model: int) -> int:
    """Width of the gated layer where nobody says another: 8/3 of d_model, rounded up to a multiple of 32."""
    return -(-8 * d_model // 96) * 32


def shape_of(config: TrainConfig, vocabulary: int = BYTES) -> ModelShape:
    """The shape that a section asks for, on data of so many token numbers."""
    return ModelShape(
        vocabulary=vocabulary, layers=config.layers, d_model=config.d_model, heads=config.heads,
        kv_heads=config.kv_heads, hidden=config.hidden or hidden_width(config.d_model), context=config.context,
        tied=config.tied is not False,
    )  # fmt: skip
