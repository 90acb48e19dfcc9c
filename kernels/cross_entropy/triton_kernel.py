"""Cross-entropy on the GPU: a program goes over its row twice, once for the log-sum-exp, once for the gradient.

Shapes: logits, gradient [rows, width]; target, losses [rows]; class_weight [width]; share, z_share scalars on the
device. The gradient may take the logits' own place.
"""
# ruff: noqa: N803 - compile-time arguments are written as Triton writes them
# mypy: disable-error-code="no-untyped-def, untyped-decorator"

from collections.abc import Iterator

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.cross_entropy import cpu
from kernels.cross_entropy.cpu import Numbers, weigh
from kernels.launching import TRITON_DTYPES, VOCABULARY, CompiledForm
from kernels.native import rows_of


@triton.jit
def rows_kernel(
    logits, gradient, target, class_weight, class_weight_sum, share, z_share, losses, stride, gradient_stride,
    width, ignored, smoothing,
    WEIGHTED: tl.constexpr, SMOOTHS: tl.constexpr, DIFFERENTIATES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    label = tl.load(target + row)
    x = logits + row * stride
    to = gradient + row * gradient_stride
    columns = tl.arange(0, BLOCK)
    if label == ignored:
        tl.store(losses + row, 0.0)
        if DIFFERENTIATES:
            for start in range(0, width, BLOCK):
                inside = start + columns < width
                tl.store(to + start + columns, tl.zeros([BLOCK], dtype=gradient.dtype.element_ty), mask=inside)
        return
    tl.device_assert((label >= 0) & (label < width), "target is out of bounds")
    most = float("-inf")
    powers = 0.0
    spread_sum = 0.0
    for start in range(0, width, BLOCK):
        inside = start + columns < width
        value = tl.load(x + start + columns, mask=inside, other=float("-inf")).to(tl.float32)
        above = tl.maximum(most, tl.max(value, axis=0))
        # A row that is -inf so far has no power; subtracting it from itself would make a NaN.
        base = tl.where(above == float("-inf"), 0.0, above)
        powers = powers * tl.exp(most - base) + tl.sum(tl.exp(value - base), axis=0)
        most = above
        if SMOOTHS:
            kept = tl.where(inside, value, 0.0)
            if WEIGHTED:
                kept *= tl.load(class_weight + start + columns, mask=inside, other=0.0).to(tl.float32)
            spread_sum += tl.sum(kept, axis=0)
    normaliser = tl.where(most == float("-inf"), 0.0, most) + tl.log(powers)
    logit = tl.load(x + label).to(tl.float32)
    one = tl.load(share).to(tl.float32)
    squares = tl.load(z_share).to(tl.float32)
    keep = 1.0 - smoothing
    whole = width * 1.0
    if WEIGHTED:
        keep *= tl.load(class_weight + label).to(tl.float32)
        whole = tl.load(class_weight_sum).to(tl.float32)
    spread = smoothing / width
    loss = keep * (normaliser - logit)
    if SMOOTHS:
        loss += spread * (whole * normaliser - spread_sum)
    tl.store(losses + row, one * loss + squares * normaliser * normaliser)
    if DIFFERENTIATES:
        scale = one * (keep + spread * whole) + 2.0 * squares * normaliser
        for start in range(0, width, BLOCK):
            inside = start + columns < width
            value = tl.load(x + start + columns, mask=inside, other=float("-inf")).to(tl.float32)
            result = tl.exp(value - normaliser) * scale
            if SMOOTHS:
                if WEIGHTED:
                    weights = tl.load(class_weight + start + columns, mask=inside, other=0.0).to(tl.float32)
                    result -= one * spread * weights
                else:
                    result -= one * spread
            result -= tl.where(start + columns == label, one * keep, 0.0)
            tl.store(to + start + columns, result.to(gradient.dtype.element_ty), mask=inside)


def forward(
    logits: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    z_loss: float,
    need_gradient: bool,
) -> tuple[Tensor, Tensor]:
    """Return the mean loss and, where needed, the gradient of logits (else an empty tensor)."""
    factors = (label_smoothing, z_loss)
    if logits.dtype not in TRITON_DTYPES:
        return cpu.forward(logits, target, class_weight, ignore_index, *factors, need_gradient)
    logits = rows_of(logits)
    gradient = torch.empty_like(logits, memory_format=torch.contiguous_format) if need_gradient else None
    numbers = weigh(target, class_weight, ignore_index, factors, torch.float32)
    loss = rows(logits, gradient, target, numbers).sum()
    return loss, logits.new_empty(0) if gradient is None else gradient


def in_place(
    logits: Tensor,
    target: Tensor,
    class_weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    z_loss: float,
) -> Tensor:
    """Return the mean loss; logits then hold their gradient."""
    factors = (label_smoothing, z_loss)
    if logits.dtype not in TRITON_DTYPES or (logits.shape[1] > 1 and logits.stride(1) != 1):
        return cpu.in_place(logits, target, class_weight, ignore_index, *factors)
    loss = rows(logits, logits, target, weigh(target, class_weight, ignore_index, factors, torch.float32)).sum()
    torch.autograd.graph.increment_version(logits)
    return loss


def rows(logits: Tensor, gradient: Tensor | None, target: Tensor, numbers: Numbers) -> Tensor:
    """Each row's loss [M], float32, already divided; the gradient goes where asked (logits' own place too)."""
    losses = torch.empty(logits.shape[0], dtype=torch.float32, device=logits.device)
    weight, to = numbers.class_weight, logits if gradient is None else gradient
    if not logits.shape[0]:
        return losses
    rows_kernel[(logits.shape[0],)](
        logits, to, target.contiguous(), losses if weight is None else weight.contiguous(),
        losses if weight is None else weight.sum(), numbers.share, numbers.z_share, losses,
        logits.stride(0), to.stride(0), logits.shape[1], numbers.ignore_index, numbers.label_smoothing,
        WEIGHTED=weight is not None, SMOOTHS=numbers.label_smoothing != 0.0, DIFFERENTIATES=gradient is not None,
        BLOCK=VOCABULARY.block, num_warps=VOCABULARY.warps,
    )  # fmt: skip
    return losses


def compiled_forms() -> Iterator[CompiledForm]:
    """Plain, smoothed, weighted; with and without a gradient."""
    data = {"logits": "*bf16", "gradient": "*bf16", "target": "*i64"}
    numbers = dict.fromkeys(("class_weight", "class_weight_sum", "share", "z_share", "losses"), "*fp32")
    sizes = dict.fromkeys(("stride", "gradient_stride", "width"), "i32") | {"ignored": "i32", "smoothing": "fp32"}
    for weighted, smooths, differentiates in ((False, False, False), (False, False, True), (True, True, True)):
        constants = {
            "WEIGHTED": weighted, "SMOOTHS": smooths, "DIFFERENTIATES": differentiates, "BLOCK": VOCABULARY.block,
        }  # fmt: skip
        yield CompiledForm(rows_kernel, data | numbers | sizes, constants, VOCABULARY.warps)
