"""End to end: training steps of a 124 M and a 1.3 B model, ours and plain torch's in four ways, from the same weights.

Plain torch trains as is usual: float32 parameters, autocast to bfloat16, fused AdamW. Ours computes in bfloat16 beside
float32 masters. Both hold 16 bytes a parameter.
"""

import contextlib
import importlib
import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from bench.gpu_stage import Stage
from bench.plain_model import PlainTransformer
from gpu_runtime.trainer.model import Transformer
from gpu_runtime.trainer.optimiser import Optimiser
from gpu_runtime.trainer.shape import ModelShape
from gpu_runtime.trainer.work import flops_per_token, peak_flops
from kernels.attention import fastest_first

WARM_STEPS, TIMED_STEPS = 4, 12
RATE = 3e-4
Step = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Setting:
    """One model on windows of one length."""

    name: str
    shape: ModelShape
    batch: int


def settings(stage: Stage) -> Iterator[Setting]:
    """The issue's two models; a rehearsal's are tiny."""
    if stage.is_rehearsal:
        yield Setting("tiny", ModelShape(300, 2, 64, 4, 2, 96, 16), 2)
        return
    for length, batch in ((1024, 32), (4096, 8)):
        yield Setting(f"124M_{length}", ModelShape(50304, 12, 768, 12, 12, 2048, length), batch)
    for length, batch in ((2048, 8), (4096, 4)):
        yield Setting(f"1.3B_{length}", ModelShape(50304, 24, 2048, 16, 16, 5504, length, tied=False), batch)


def contenders(setting: Setting, stage: Stage) -> dict[str, Callable[[], Step]]:
    """Makers of a step each; a maker is called when its turn comes, so that one model is held at a time."""
    found: dict[str, Callable[[], Step]] = {
        "eager": lambda: _plain(setting, stage, False), "compile": lambda: _plain(setting, stage, True),
        "compile+cudnn": lambda: _plain(setting, stage, True, priority=True),
        "ours": lambda: _ours(setting, stage, False), "ours+compile": lambda: _ours(setting, stage, True),
    }  # fmt: skip
    if importlib.util.find_spec("liger_kernel") is not None:
        liger = importlib.import_module("liger_kernel.transformers.functional").liger_fused_linear_cross_entropy
        found["compile+liger"] = lambda: _plain(setting, stage, True, liger)
    return found


def measured(setting: Setting, make: Callable[[], Step], stage: Stage, chip: str) -> dict[str, Any]:
    """Tokens a second, MFU, peak memory and the losses of every step."""
    generator = torch.Generator().manual_seed(11)
    rows = torch.randint(setting.shape.vocabulary, (64, setting.batch, setting.shape.context + 1), generator=generator)
    torch.compiler.reset()  # blocks of other settings would count against the limit of recompilations
    began = time.perf_counter()
    step = make()
    if stage.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    found: list[Tensor] = []
    for number in range(WARM_STEPS + TIMED_STEPS):
        if number == WARM_STEPS:
            stage.wait()
            timed = time.perf_counter()
        batch = rows[number % len(rows)].to(stage.device)
        found.append(step(batch[:, :-1], batch[:, 1:]))
    stage.wait()
    seconds = time.perf_counter() - timed
    tokens_per_s = TIMED_STEPS * setting.batch * setting.shape.context / seconds
    flops_per_s, peak = tokens_per_s * flops_per_token(setting.shape), peak_flops(chip)
    return {
        "tokens_per_s": round(tokens_per_s), "tflop_per_s": round(flops_per_s / 1e12, 1),
        "mfu": round(flops_per_s / peak, 4) if peak else None,
        "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2) if stage.device == "cuda" else None,
        "losses": [round(float(loss), 4) for loss in found], "whole_s": round(time.perf_counter() - began, 1),
    }  # fmt: skip


def _ours_at_first(setting: Setting, stage: Stage) -> Transformer:
    """The same random numbers each time, made on the device: a CPU would take longer than the benchmark has."""
    torch.manual_seed(4)
    with torch.device(stage.device):
        return Transformer(setting.shape)


def _plain(
    setting: Setting, stage: Stage, compiles: bool, projected_loss: Any = None, priority: bool = False
) -> Step:  # fmt: skip
    with torch.device(stage.device):
        model = PlainTransformer(setting.shape, projected_loss)
    model.load_state_dict(_ours_at_first(setting, stage).state_dict())
    if compiles:
        for block in model.blocks:
            block.compile()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    backends = [SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]

    def chosen() -> AbstractContextManager[Any]:
        return sdpa_kernel(backends, set_priority=True) if priority else contextlib.nullcontext()

    def step(inputs: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast(stage.device, dtype=torch.bfloat16), chosen():
            loss: Tensor = model(inputs, targets)
        with chosen():
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return loss.detach()

    return step


def _ours(setting: Setting, stage: Stage, compiles: bool) -> Step:
    model = _ours_at_first(setting, stage)
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16()
    if compiles:
        for block in model.blocks:
            block.compile(fullgraph=True)
    optimiser = Optimiser(model)

    def step(inputs: Tensor, targets: Tensor) -> Tensor:
        with fastest_first(stage.device):
            loss: Tensor = model(inputs, targets)
            loss.backward()
        optimiser.step(RATE)
        return loss.detach()

    return step
