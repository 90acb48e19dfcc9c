"""What the public functions refuse, and that they say it in plain words."""

from collections.abc import Callable

import pytest
import torch

from kernels.checks import KernelInputError
from kernels.linear_cross_entropy import linear_cross_entropy
from kernels.rms_norm import rms_norm
from kernels.rope import rope
from kernels.swiglu import swiglu

F = torch.zeros


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rms_norm(F(2, 3), F(4)), "weight has shape .4,.; the last dimension of x is 3"),
        (lambda: rms_norm(F(2, 3), F(3).double()), "must have one dtype"),
        (lambda: rms_norm(F(2, 3).int(), F(3).int()), "must be float64, float32, bfloat16 or float16"),
        (lambda: rms_norm(F(2, 3), F(3), eps=0.0), "eps must be above 0"),
        (lambda: rms_norm(F(()), F(1)), "at least one dimension"),
        (lambda: swiglu(F(2, 3), F(2, 4)), "must have one shape"),
        (lambda: rope(F(1, 2, 1, 4), F(1, 3, 1, 4), F(2, 2), F(2, 2)), "may differ in their heads alone"),
        (lambda: rope(F(1, 2, 1, 3), F(1, 2, 1, 3), F(2, 1), F(2, 1)), "head_dim must be even"),
        (lambda: rope(F(1, 2, 1, 4), F(1, 2, 1, 4), F(3, 2), F(2, 2)), r"must be \(2, 2\)"),
        (lambda: rope(F(2, 4), F(2, 4), F(2, 2), F(2, 2)), "must be .batch, sequence, heads, head_dim"),
        (lambda: linear_cross_entropy(F(2, 3), F(5, 4), torch.zeros(2).long()), "must be .M, H. and .V, H."),
        (lambda: linear_cross_entropy(F(2, 3), F(5, 3), torch.zeros(3).long()), "one class for each row"),
        (lambda: linear_cross_entropy(F(2, 3), F(5, 3), torch.zeros(2).int()), "target must be int64"),
    ],
)
def test_operation_unfit_input_refused_in_words(call: Callable[[], object], message: str) -> None:
    with pytest.raises(KernelInputError, match=message):
        call()


def test_linear_cross_entropy_target_outside_vocabulary_refused() -> None:
    with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
        linear_cross_entropy(F(1, 3), F(5, 3), torch.tensor([5]))
