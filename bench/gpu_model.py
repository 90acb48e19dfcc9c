"""A small Llama-shaped model twice, on torch's modules and on ours, for the end-to-end row of `bench.gpu`."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from kernels import nn as ours
from kernels.attention import attention

LAYERS, HEADS, KV_HEADS, CLASSES = 4, 16, 4, 32768


class TorchGated(nn.Module):
    """The feed-forward layer as torch writes it."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Block(nn.Module):
    """Attention and feed-forward; the parts come from one library or the other."""

    def __init__(self, width: int, length: int, mine: bool) -> None:
        super().__init__()
        self.mine, self.head_dim = mine, width // HEADS
        make_norm = ours.RMSNorm if mine else nn.RMSNorm
        self.first, self.second = make_norm(width), make_norm(width)
        self.qkv = nn.Linear(width, (HEADS + 2 * KV_HEADS) * self.head_dim, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gated: nn.Module = (ours.SwiGLU if mine else TorchGated)(width, width * 8 // 3 // 128 * 128)
        self.rotary = ours.Rotary(length, self.head_dim)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        heads = self.qkv(self.first(x)).view(batch, length, -1, self.head_dim)
        q, k, v = heads.split([HEADS, KV_HEADS, KV_HEADS], dim=2)
        if self.mine:
            q, k = self.rotary(q, k)
            mixed = attention(q, k, v)
        else:
            q, k = (self._turned(part) for part in (q, k))
            parts = (part.transpose(1, 2) for part in (q, k, v))
            mixed = functional.scaled_dot_product_attention(*parts, is_causal=True, enable_gqa=True).transpose(1, 2)
        x = x + self.out(mixed.reshape(batch, length, width))
        result: Tensor = x + self.gated(self.second(x))
        return result

    def _turned(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=-1)
        cos, sin = (table[: x.shape[1], None, :].to(x.dtype) for table in (self.rotary.cos, self.rotary.sin))
        return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Model(nn.Module):
    """Blocks between an embedding and a loss."""

    def __init__(self, width: int, length: int, mine: bool) -> None:
        super().__init__()
        self.embedding = nn.Embedding(CLASSES, width)
        self.blocks = nn.ModuleList(Block(width, length, mine) for _ in range(LAYERS))
        self.loss = ours.LinearCrossEntropy(width, CLASSES)
        self.mine = mine

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)
        if self.mine:
            loss: Tensor = self.loss(x[:, :-1], tokens[:, 1:])
            return loss
        logits = functional.linear(x[:, :-1], self.loss.weight)
        return functional.cross_entropy(logits.flatten(0, 1).float(), tokens[:, 1:].flatten())


def step_contenders(width: int, length: int, batch: int) -> dict[str, Callable[[], Any]]:
    """Forward and backward of the same model: eager, compiled, and on our modules (compiled and not)."""
    tokens = torch.randint(CLASSES, (batch, length), device="cuda")

    def made(mine: bool, compiled: bool) -> Callable[[], Any]:
        torch.manual_seed(4)
        model: Any = Model(width, length, mine).to(device="cuda", dtype=torch.bfloat16)
        run = torch.compile(model) if compiled else model

        def work() -> None:
            run(tokens).backward()
            model.zero_grad(set_to_none=True)

        return work

    return {
        "eager": made(False, False), "compile": made(False, True),
        "ours": made(True, False), "ours-compile": made(True, True),
    }  # fmt: skip
