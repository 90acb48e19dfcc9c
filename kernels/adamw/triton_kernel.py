"""AdamW on the GPU: parameter, moments and copy in one pass; scalars stay on the device, and so does the decision to
leave a step out. One launch a tensor, none of which waits, so that a whole step can be captured in a graph.
"""
# ruff: noqa: N803 - compile-time arguments are written as Triton writes them
# mypy: disable-error-code="no-untyped-def, untyped-decorator"

from collections.abc import Iterator, Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.adamw import cpu
from kernels.launching import ADAMW, TRITON_DTYPES, CompiledForm


@triton.jit
def step_kernel(
    parameter, gradient, first, second, copy, numbers, count, beta1, beta2, eps,
    COPIES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    scale = tl.load(numbers)
    # NaN or infinite: the step is left out, by every program alike.
    if scale - scale != 0.0:
        return
    keep = tl.load(numbers + 1)
    size = tl.load(numbers + 2)
    root = tl.load(numbers + 3)
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = at < count
    g = tl.load(gradient + at, mask=inside, other=0.0).to(tl.float32) * scale
    m = tl.load(first + at, mask=inside, other=0.0)
    v = tl.load(second + at, mask=inside, other=0.0)
    m = m + (1.0 - beta1) * (g - m)
    v = v * beta2 + (1.0 - beta2) * g * g
    p = tl.load(parameter + at, mask=inside, other=0.0)
    p = p * keep - size * root * m / (tl.sqrt(v) + eps * root)
    tl.store(first + at, m, mask=inside)
    tl.store(second + at, v, mask=inside)
    tl.store(parameter + at, p, mask=inside)
    if COPIES:
        tl.store(copy + at, p.to(copy.dtype.element_ty), mask=inside)


def step_in_place(
    parameters: Sequence[Tensor],
    gradients: Sequence[Tensor],
    first_moments: Sequence[Tensor],
    second_moments: Sequence[Tensor],
    copies: Sequence[Tensor],
    step: Tensor,
    learning_rate: Tensor,
    gradient_scale: Tensor,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
) -> None:
    """Move parameters, both moments and the copies by one step; nothing where the scale is not finite."""
    held = [*parameters, *first_moments, *second_moments]
    if not _takes(held, [*gradients, *copies]):
        cpu.step_in_place(
            parameters, gradients, first_moments, second_moments, copies, step, learning_rate, gradient_scale,
            beta1, beta2, eps, weight_decay,
        )  # fmt: skip
        return
    rate, count = learning_rate.double(), step.double()
    scalars = (
        gradient_scale, 1 - rate * weight_decay, rate / (1 - beta1**count), (1 - beta2**count).sqrt(),
    )  # fmt: skip
    numbers = torch.stack([scalar.to(device=held[0].device, dtype=torch.float32) for scalar in scalars])
    for index, parameter in enumerate(parameters):
        step_kernel[(triton.cdiv(parameter.numel(), ADAMW.block),)](
            parameter, gradients[index], first_moments[index], second_moments[index],
            copies[index] if copies else parameter, numbers, parameter.numel(), beta1, beta2, eps,
            COPIES=bool(copies), BLOCK=ADAMW.block, num_warps=ADAMW.warps,
        )  # fmt: skip
    torch.autograd.graph.increment_version([*held, *copies])


def _takes(held: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
    """float32 state, contiguous; gradients and copies in any of Triton's dtypes; nothing empty."""
    return (
        bool(held)
        and all(tensor.dtype == torch.float32 for tensor in held)
        and all(tensor.dtype in TRITON_DTYPES for tensor in others)
        and all(tensor.is_contiguous() and tensor.numel() > 0 for tensor in (*held, *others))
    )


def compiled_forms() -> Iterator[CompiledForm]:
    """float32 masters with bfloat16 gradients and copies, and all in float32."""
    state = dict.fromkeys(("first", "second"), "*fp32")
    numbers = {"numbers": "*fp32", "count": "i32"} | dict.fromkeys(("beta1", "beta2", "eps"), "fp32")
    for dtype, copies in (("*bf16", True), ("*fp32", False)):
        types = {"parameter": "*fp32", "gradient": dtype} | state | {"copy": dtype} | numbers
        yield CompiledForm(step_kernel, types, {"COPIES": copies, "BLOCK": ADAMW.block}, ADAMW.warps)
