"""How much arithmetic a training asks for, by a stated formula, and what share of a device's peak that is."""

from gpu_runtime.trainer.shape import ModelShape

FORMULA = (
    "6 x (weights of the matrix products) + 6 x layers x context x d_model (causal attention) FLOPs a token;"
    " evaluation, recomputation and element-wise work are not counted"
)
MFU_FORMULA = "FLOPs a token x tokens a second / (devices x dense bfloat16 peak of one)"
# Dense bfloat16 peak in FLOP/s. Source: NVIDIA's data sheets of the H200, H100, H20, A100 and B200.
PEAKS: tuple[tuple[str, float], ...] = (
    ("H200 NVL", 835e12), ("H200", 989e12), ("H100 PCIE", 756e12), ("H100 NVL", 835e12), ("H100", 989e12),
    ("H20", 148e12), ("A100", 312e12), ("B200", 2250e12),
)  # fmt: skip


def matrix_weights(shape: ModelShape) -> int:
    """Weights that take part in a matrix product for each token, the output projection included."""
    qkv = shape.d_model * (shape.heads + 2 * shape.kv_heads) * shape.head_dim
    block = qkv + shape.d_model**2 + 3 * shape.d_model * shape.hidden
    return shape.layers * block + shape.vocabulary * shape.d_model


def flops_per_token(shape: ModelShape) -> int:
    """FLOPs of forward and backward for one token in a window of the shape's context."""
    return 6 * matrix_weights(shape) + 6 * shape.layers * shape.context * shape.d_model


def peak_flops(chip: str) -> float | None:
    """The dense bfloat16 peak of a chip by its name, FLOP/s; None where it is not on the list."""
    name = chip.upper().replace("-", " ")
    return next((peak for known, peak in PEAKS if known in name), None)
