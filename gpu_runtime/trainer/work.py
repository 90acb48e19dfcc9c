"""How much arithmetic a training asks for, by a stated formula."""

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.model import VOCABULARY, hidden_width

FORMULA = (
    "6 x (weights of the matrix products) + 6 x layers x context x d_model (causal attention) FLOPs a byte;"
    " evaluation, recomputation and element-wise work are not counted"
)


def matrix_weights(config: TrainConfig) -> int:
    """Weights that take part in a matrix product for each byte, the output projection included."""
    qkv = config.d_model * (config.heads + 2 * config.kv_heads) * config.head_dim
    block = qkv + config.d_model**2 + 3 * config.d_model * hidden_width(config.d_model)
    return config.layers * block + VOCABULARY * config.d_model


def flops_per_byte(config: TrainConfig) -> int:
    """FLOPs of forward and backward for one byte."""
    return 6 * matrix_weights(config) + 6 * config.layers * config.context * config.d_model
