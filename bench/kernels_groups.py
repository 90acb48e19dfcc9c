"""What `bench.kernels` measures: for each operation the same work by eager torch, by torch.compile and by ours."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bench.kernels import FLOOR, Contender, Group
from bench.plain_model import PlainTransformer
from gpu_runtime.trainer.model import Transformer
from gpu_runtime.trainer.optimiser import Optimiser
from gpu_runtime.trainer.shape import ModelShape
from kernels.adamw import AdamWSettings, AdamWTensors, adamw, clip_scale
from kernels.cross_entropy import cross_entropy, cross_entropy_
from kernels.linear_cross_entropy import linear_cross_entropy
from kernels.registry import REGISTRY
from kernels.rms_norm import add_rms_norm, rms_norm
from kernels.swiglu import swiglu

torch.manual_seed(1)


def _both_ways(function: Callable[..., Any], inputs: tuple[Tensor, ...], pulled: Any = None) -> Callable[[], Any]:
    """Forward and backward of a function, gradients dropped afterwards."""

    def work() -> None:
        out = function(*inputs)
        torch.autograd.backward(out, pulled)
        for tensor in inputs:
            tensor.grad = None

    return work


def _three(
    name: str, goal: float, functions: tuple[Callable[..., Any], ...], inputs: tuple[Any, ...], pulled: Any
) -> Group:
    """Eager, compiled and ours. functions: what eager runs, what torch.compile is given, ours."""
    eager, plain, ours = functions
    compiled = torch.compile(plain)
    work = {"eager": eager, "compile": compiled, "ours": ours}
    contenders = [Contender(key, _both_ways(body, inputs, pulled)) for key, body in work.items()]
    return Group(name, goal, (*contenders, _floor(name, {"M": 4096, "H": 1024, "F": 1024, "e": 4})))


def _floor(op: str, shape: dict[str, int]) -> Contender:
    """torch's copy of as many bytes as the operation must move at least: what memory allows on this machine now."""
    row = next(row for row in REGISTRY if row.name == op)
    moved = sum(floor(shape).bytes for floor in row.floors.values())
    source = torch.zeros(moved // 8)
    target = torch.empty_like(source)
    return Contender(FLOOR, lambda: target.copy_(source))


def _rms_norm() -> Group:
    x, weight = torch.randn(4096, 1024, requires_grad=True), torch.randn(1024, requires_grad=True)

    def plain(x: Tensor, weight: Tensor) -> Tensor:
        return functional.rms_norm(x, (1024,), weight, 1e-5)

    return _three("rms_norm", 1.4, (plain, plain, rms_norm), (x, weight), torch.randn(4096, 1024))


def _add_rms_norm() -> Group:
    x, residual = (torch.randn(4096, 1024, requires_grad=True) for _ in range(2))
    weight = torch.randn(1024, requires_grad=True)
    pulled = (torch.randn(4096, 1024), torch.randn(4096, 1024))

    def plain(x: Tensor, residual: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        summed = x + residual
        return functional.rms_norm(summed, (1024,), weight, 1e-5), summed

    return _three("add_rms_norm", 1.4, (plain, plain, add_rms_norm), (x, residual, weight), pulled)


def _swiglu() -> Group:
    gate, up = (torch.randn(4096, 1024, requires_grad=True) for _ in range(2))

    def plain(gate: Tensor, up: Tensor) -> Tensor:
        return functional.silu(gate) * up

    return _three("swiglu", 1.3, (plain, plain, swiglu), (gate, up), torch.randn(4096, 1024))


def _cross_entropy() -> Group:
    values, target = torch.randn(1024, 32768), torch.randint(32768, (1024,))
    leaf, held = values.clone().requires_grad_(), values.clone()
    compiled = torch.compile(functional.cross_entropy)

    def with_function(function: Callable[..., Tensor]) -> Callable[[], None]:
        def work() -> None:
            function(leaf, target).backward()
            leaf.grad = None

        return work

    def in_place() -> None:
        logits = held.requires_grad_(False).view(1024, 32768).requires_grad_()
        # One more node, so that the logits are a result and not a leaf; it computes nothing.
        cross_entropy_(logits.view_as(logits), target).backward()

    return Group(
        "cross_entropy", 2.5,
        (
            Contender("eager", with_function(functional.cross_entropy)), Contender("compile", with_function(compiled)),
            Contender("ours", with_function(cross_entropy)),
            Contender("ours-in-place", in_place, lambda: held.copy_(values)),
        ),
    )  # fmt: skip


SHAPES = ((1024, 512),) * 4 + ((512, 1024),) * 4 + ((1024,),) * 16


def _adamw() -> Group:
    parameters = [torch.randn(shape, requires_grad=True) for shape in SHAPES]
    gradients = [torch.randn(shape) * 1e-3 for shape in SHAPES]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    fused = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.1, fused=True)
    foreach = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.1, foreach=True)
    compiled = torch.compile(foreach.step)
    firsts, seconds = ([torch.zeros(shape) for shape in SHAPES] for _ in range(2))
    state = AdamWTensors(gradients, parameters, firsts, seconds)
    step, rate, settings = torch.zeros((), dtype=torch.int64), torch.tensor(1e-4), AdamWSettings(weight_decay=0.1)

    def clipped(move: Callable[[], Any]) -> Callable[[], None]:
        def work() -> None:
            torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
            move()

        return work

    @torch.no_grad()
    def ours() -> None:
        step.add_(1)
        scale, _norm = clip_scale(gradients, 1.0)
        adamw(state, step, rate, scale, settings)

    return Group(
        "adamw", 1.1,
        (
            Contender("eager-fused", clipped(fused.step)), Contender("compile", clipped(compiled)),
            Contender("ours", ours), _floor("adamw", {"P": sum(p.numel() for p in parameters), "e": 4}),
        ),
    )  # fmt: skip


def _linear_cross_entropy() -> Group:
    hidden = torch.randn(4096, 512, requires_grad=True)
    weight = (torch.randn(32768, 512) * 0.02).requires_grad_()
    target = torch.randint(32768, (4096,))

    def plain(hidden: Tensor, weight: Tensor) -> Tensor:
        return functional.cross_entropy(hidden @ weight.T, target)

    def ours(hidden: Tensor, weight: Tensor) -> Tensor:
        return linear_cross_entropy(hidden, weight, target)

    contenders = [Contender("eager", _both_ways(plain, (hidden, weight)))]
    contenders.append(Contender("compile", _both_ways(torch.compile(plain), (hidden, weight))))
    own = getattr(functional, "linear_cross_entropy", None)
    if own is not None:
        contenders.append(Contender("torch-own", _both_ways(lambda h, w: own(h, w, target), (hidden, weight))))
    contenders.append(Contender("ours", _both_ways(ours, (hidden, weight))))
    return Group("linear_cross_entropy", 1.0, tuple(contenders), measures_memory=True)


# Six layers of 384 over bytes, 10.8 M parameters: the byte GPT of the table, on 1,024 bytes a step.
STEP = ModelShape(vocabulary=256, layers=6, d_model=384, heads=6, kv_heads=6, hidden=1024, context=256, tied=False)
STEP_BATCH = 4


def _training_step() -> Group:
    """Forward, backward, clipping and AdamW from the same weights on the same 1,024 bytes."""
    generator = torch.Generator().manual_seed(5)
    inputs, targets = (
        torch.randint(256, (STEP_BATCH, STEP.context), generator=generator) for _ in range(2)
    )  # fmt: skip
    ours = Transformer(STEP)
    start = ours.state_dict()

    def plain(compiles: bool) -> Callable[[], None]:
        model = PlainTransformer(STEP)
        model.load_state_dict(start)
        run: Any = torch.compile(model) if compiles else model
        optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.1, fused=True)

        def work() -> None:
            run(inputs, targets).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

        return work

    optimiser = Optimiser(ours)

    def by_kernels() -> None:
        ours(inputs, targets).backward()
        optimiser.step(1e-4)

    return Group(
        "training_step", 1.05,
        (
            Contender("eager", plain(compiles=False)), Contender("compile", plain(compiles=True)),
            Contender("ours", by_kernels),
        ),
        measures_memory=True,
    )  # fmt: skip


GROUPS: dict[str, Callable[[], Group]] = {
    "rms_norm": _rms_norm, "add_rms_norm": _add_rms_norm, "swiglu": _swiglu, "cross_entropy": _cross_entropy,
    "adamw": _adamw, "linear_cross_entropy": _linear_cross_entropy, "training_step": _training_step,
}  # fmt: skip
