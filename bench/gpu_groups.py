"""What `bench.gpu` measures: for each row of the issue's table the same work by ours and by its peers."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from bench.gpu_stage import Stage
from kernels.adamw import AdamWSettings, AdamWTensors, adamw, clip_scale
from kernels.attention import attention
from kernels.cross_entropy import cross_entropy, cross_entropy_
from kernels.linear_cross_entropy import linear_cross_entropy
from kernels.registry import REGISTRY
from kernels.rms_norm import add_rms_norm, rms_norm
from kernels.rope import rope, rope_tables
from kernels.swiglu import swiglu

ROWS = {row.name: row for row in REGISTRY}
Work = Callable[[], Any]


@dataclass(frozen=True)
class Group:
    """One row: whose work is compared, the shape that its floor is counted from, and what is asked of ours."""

    name: str
    op: str
    shape: dict[str, int]
    directions: tuple[str, ...]
    contenders: dict[str, Work]
    goal: str


def norms(stage: Stage) -> Iterator[Group]:
    """RMSNorm with and without the residual."""
    rows, width = stage.size(32768, 32), stage.size(4096, 128)
    x, residual, weight = stage.leaf(rows, width), stage.leaf(rows, width), stage.leaf(width)
    shape = {"M": rows, "H": width, "e": 2}

    def norm(x: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(x, (width,), weight, 1e-5)

    def add_norm(x: Tensor, residual: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm(x + residual, weight), x + residual

    functions = _three(norm, rms_norm) | _liger("liger_rms_norm", lambda f: lambda x, w: f(x, w, 1e-5))
    yield from _directions("rms_norm", shape, functions, (x, weight), stage.random(rows, width))
    functions = _three(add_norm, add_rms_norm)
    functions |= _liger("liger_fused_add_rms_norm", lambda f: lambda x, r, w: f(x, r, w, 1e-5))
    pulled = (stage.random(rows, width), stage.random(rows, width))
    yield from _directions("add_rms_norm", shape, functions, (x, residual, weight), pulled)


def gates(stage: Stage) -> Iterator[Group]:
    """SwiGLU."""
    rows, width = stage.size(8192, 16), stage.size(14336, 128)
    gate, up = stage.leaf(rows, width), stage.leaf(rows, width)

    def plain(gate: Tensor, up: Tensor) -> Tensor:
        return functional.silu(gate) * up

    functions = _three(plain, swiglu) | _liger("liger_swiglu", lambda f: f)
    shape = {"M": rows, "F": width, "e": 2}
    yield from _directions("swiglu", shape, functions, (gate, up), stage.random(rows, width))


def rotary(stage: Stage) -> Iterator[Group]:
    """Rotary positions of queries and keys together."""
    batch, length = stage.size(8, 1), stage.size(4096, 16)
    q, k = stage.leaf(batch, length, 32, 128), stage.leaf(batch, length, 8, 128)
    cos, sin = (table.to(stage.device) for table in rope_tables(length, 128))

    def plain(q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        turned: tuple[Tensor, Tensor] = ROWS["rope"].reference(q, k, cos.bfloat16(), sin.bfloat16())
        return turned

    def ours(q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        return rope(q, k, cos, sin)

    twice = tuple(torch.cat((table, table), dim=-1)[None].bfloat16() for table in (cos, sin))
    functions = _three(plain, ours)
    functions |= _liger("liger_rope", lambda f: lambda q, k: f(q.transpose(1, 2), k.transpose(1, 2), *twice))
    shape = {"M": batch * length, "Hq": 32, "Hk": 8, "D": 128, "e": 2}
    yield from _directions("rope", shape, functions, (q, k), None)


def losses(stage: Stage) -> Iterator[Group]:
    """Cross-entropy, forward and backward together: the gradient is made in the forward pass."""
    rows, classes = stage.size(8192, 8), stage.size(131072, 300)
    logits, target = stage.leaf(rows, classes), torch.randint(classes, (rows,), device=stage.device)
    held = stage.random(rows, classes)

    def plain(logits: Tensor) -> Tensor:
        return functional.cross_entropy(logits, target)

    def ours(logits: Tensor) -> Tensor:
        return cross_entropy(logits, target)

    def in_place() -> None:
        cross_entropy_(held.detach().requires_grad_().view_as(held), target).backward()

    functions = _three(plain, ours) | _liger("liger_cross_entropy", lambda f: lambda x: f(x, target))
    work = {name: _both(function, (logits,), None) for name, function in functions.items()}
    shape = {"M": rows, "V": classes, "e": 2}
    yield Group(
        "cross_entropy", "cross_entropy", shape, ("forward",), work | {"ours-in-place": in_place}, "<= 1.2 ms f+b"
    )  # fmt: skip


def projected_losses(stage: Stage) -> Iterator[Group]:
    """Output projection with its loss, forward and backward together."""
    rows, width, classes = stage.size(8192, 16), stage.size(4096, 32), stage.size(131072, 300)
    hidden, target = stage.leaf(rows, width), torch.randint(classes, (rows,), device=stage.device)
    weight = (stage.random(classes, width) * 0.02).requires_grad_()

    def plain(hidden: Tensor, weight: Tensor) -> Tensor:
        return functional.cross_entropy(hidden @ weight.T, target)

    def ours(hidden: Tensor, weight: Tensor) -> Tensor:
        return linear_cross_entropy(hidden, weight, target)

    functions = _three(plain, ours)
    functions |= _liger("liger_fused_linear_cross_entropy", lambda f: lambda h, w: f(h, w, target))
    own = getattr(functional, "linear_cross_entropy", None)
    if own is not None:
        functions["torch-own"] = lambda h, w: own(h, w, target)
    if importlib.util.find_spec("cut_cross_entropy") is not None:
        cut = importlib.import_module("cut_cross_entropy").linear_cross_entropy
        functions["cut-cross-entropy"] = lambda h, w: cut(h, w, target)
    work = {name: _both(function, (hidden, weight), None) for name, function in functions.items()}
    shape = {"M": rows, "H": width, "V": classes, "e": 2}
    goal = "<= 1.1x its floor, <= 1.1 GB"
    yield Group("linear_cross_entropy", "linear_cross_entropy", shape, ("forward",), work, goal)


def optimisers(stage: Stage) -> Iterator[Group]:
    """AdamW with clipping over 0.5 billion parameters."""
    edge, count = stage.size(4096, 32), stage.size(32, 3)
    parameters = [torch.randn(edge, edge, device=stage.device, requires_grad=True) for _ in range(count)]
    gradients = [torch.randn(edge, edge, device=stage.device) * 1e-3 for _ in range(count)]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    fused = torch.optim.AdamW(parameters, lr=1e-4, fused=True)
    firsts, seconds = ([torch.zeros_like(p, requires_grad=False) for p in parameters] for _ in range(2))
    state = AdamWTensors(gradients, parameters, firsts, seconds)
    step, rate = torch.ones((), device=stage.device), torch.tensor(1e-4, device=stage.device)

    def theirs() -> None:
        torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
        fused.step()

    @torch.no_grad()
    def ours() -> None:
        scale, _norm = clip_scale(gradients, 1.0)
        adamw(state, step, rate, scale, AdamWSettings())

    shape = {"P": count * edge * edge, "e": 4}
    goal = ">= 88 % of the copy bandwidth"
    yield Group("adamw", "adamw", shape, ("forward",), {"eager-fused": theirs, "ours": ours}, goal)


def attentions(stage: Stage) -> Iterator[Group]:
    """Causal attention with shared key heads: each of torch's kernels by itself, flex, and through our function."""
    for batch, length in ((4, 4096), (16, 1024), (2, 8192)):
        batch, length = stage.size(batch, 1), stage.size(length, 32)
        q, k, v = (stage.leaf(batch, length, heads, 128) for heads in (32, 8, 8))
        functions = {
            "sdpa-default": _sdpa(None), "cudnn": _sdpa(SDPBackend.CUDNN_ATTENTION),
            "flash-2": _sdpa(SDPBackend.FLASH_ATTENTION), "flex": _flex(length, stage), "ours": attention,
        }  # fmt: skip
        shape = {"M": batch * length, "S": length, "Hq": 32, "Hk": 8, "D": 128, "e": 2}
        name = f"attention_{batch}x{length}"
        for group in _directions("attention", shape, functions, (q, k, v), stage.random(batch, length, 32, 128)):
            yield Group(group.name.replace("attention", name), "attention", shape, group.directions, group.contenders,
                        "within 3 % of the best")  # fmt: skip


def _sdpa(backend: SDPBackend | None) -> Callable[..., Tensor]:
    def mixed(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        parts = [tensor.transpose(1, 2) for tensor in (q, k, v)]
        if backend is None:
            return functional.scaled_dot_product_attention(*parts, is_causal=True, enable_gqa=True).transpose(1, 2)
        with sdpa_kernel([backend]):
            return functional.scaled_dot_product_attention(*parts, is_causal=True, enable_gqa=True).transpose(1, 2)

    return mixed


def _flex(length: int, stage: Stage) -> Callable[..., Tensor]:
    flex = importlib.import_module("torch.nn.attention.flex_attention")
    compiled = torch.compile(flex.flex_attention)
    mask = flex.create_block_mask(lambda b, h, q, k: q >= k, None, None, length, length, device=stage.device)

    def mixed(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        parts = (tensor.transpose(1, 2) for tensor in (q, k, v))
        out: Tensor = compiled(*parts, block_mask=mask, enable_gqa=True)
        return out.transpose(1, 2)

    return mixed


def _three(plain: Callable[..., Any], ours: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    return {"eager": plain, "compile": torch.compile(plain), "ours": ours}


def _liger(name: str, fit: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    """One of Liger's functions with our arguments, where its wheel is installed and has it."""
    if importlib.util.find_spec("liger_kernel") is None:
        return {}
    found = getattr(importlib.import_module("liger_kernel.transformers.functional"), name, None)
    return {} if found is None else {"liger": fit(found)}


def _directions(
    op: str, shape: dict[str, int], functions: dict[str, Callable[..., Any]], inputs: tuple[Tensor, ...], pulled: Any
) -> Iterator[Group]:
    """Forward by itself, backward by itself from a forward that is not timed, and both together."""
    goal = ">= 88 % of the copy bandwidth, <= 15 us of host time, ahead of Liger and compile"
    forward = {name: _forward(function, inputs) for name, function in functions.items()}
    yield Group(f"{op}_forward", op, shape, ("forward",), forward, goal)
    backward = {name: _backward(function, inputs, pulled) for name, function in functions.items()}
    yield Group(f"{op}_backward", op, shape, ("backward",), backward, goal)
    both = {name: _both(function, inputs, pulled) for name, function in functions.items()}
    yield Group(op, op, shape, ("forward", "backward"), both, goal)


def _forward(function: Callable[..., Any], inputs: tuple[Tensor, ...]) -> Work:
    return lambda: function(*inputs)


def _backward(function: Callable[..., Any], inputs: tuple[Tensor, ...], pulled: Any) -> Work:
    """The forward is run at the first call, which is not timed."""
    kept: list[Any] = []

    def work() -> None:
        if not kept:
            kept.append(function(*inputs))
        torch.autograd.grad(kept[0], inputs, _pulls(kept[0], pulled), retain_graph=True)

    return work


def _both(function: Callable[..., Any], inputs: tuple[Tensor, ...], pulled: Any) -> Work:
    def work() -> None:
        out = function(*inputs)
        torch.autograd.backward(out, _pulls(out, pulled))
        for tensor in inputs:
            tensor.grad = None

    return work


def _pulls(out: Any, pulled: Any) -> Any:
    """What is pulled back: as given, or like the outputs (a peer may return them in other dimensions' order)."""
    if pulled is not None or (isinstance(out, Tensor) and out.dim() == 0):
        return pulled
    return [tensor.detach() for tensor in out]


GROUPS: tuple[Callable[[Stage], Iterator[Group]], ...] = (
    losses, projected_losses, norms, gates, rotary, optimisers, attentions,
)  # fmt: skip
