"""The trainer's model as plain torch has it, with the same parameter names: the peer of the end-to-end benchmarks."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gpu_runtime.trainer.positions import rotary_tables
from gpu_runtime.trainer.shape import ModelShape


class PlainNorm(nn.RMSNorm):
    """torch's own RMSNorm."""


class PlainAttention(nn.Module):
    """Causal attention by torch's scaled_dot_product_attention, rotary positions by torch's operations."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        width = (shape.heads + 2 * shape.kv_heads) * shape.head_dim
        self.qkv = nn.Linear(shape.d_model, width, bias=False)
        self.out = nn.Linear(shape.d_model, shape.d_model, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Mix x [B, S, E]."""
        s = self.shape
        batch, length, width = x.shape
        heads = self.qkv(x).view(batch, length, -1, s.head_dim)
        q, k, v = heads.split([s.heads, s.kv_heads, s.kv_heads], dim=2)
        q, k = turned(q, cos, sin), turned(k, cos, sin)
        mixed = functional.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True, enable_gqa=s.heads != s.kv_heads
        )
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return out


class PlainFeedForward(nn.Module):
    """The gated layer by torch's operations."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.gate = nn.Linear(shape.d_model, shape.hidden, bias=False)
        self.up = nn.Linear(shape.d_model, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transform x [B, S, E]."""
        out: Tensor = self.down(functional.silu(self.gate(x)) * self.up(x))
        return out


class PlainBlock(nn.Module):
    """Attention and feed-forward."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.attention_norm = PlainNorm(shape.d_model, eps=shape.norm_eps)
        self.feed_forward_norm = PlainNorm(shape.d_model, eps=shape.norm_eps)
        self.attention, self.feed_forward = PlainAttention(shape), PlainFeedForward(shape)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """One block on from x [B, S, E]."""
        x = x + self.attention(self.attention_norm(x), cos, sin)
        out: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return out


class PlainTransformer(nn.Module):
    """The whole model; `projected_loss`, where given, takes hidden, weight and targets in place of logits and loss."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: ModelShape, projected_loss: Any = None) -> None:
        super().__init__()
        self.embedding = nn.Embedding(shape.vocabulary, shape.d_model)
        self.blocks = nn.ModuleList(PlainBlock(shape) for _ in range(shape.layers))
        self.norm = PlainNorm(shape.d_model, eps=shape.norm_eps)
        self.output = None if shape.tied else nn.Linear(shape.d_model, shape.vocabulary, bias=False)
        self.projected_loss = projected_loss
        cos, sin = rotary_tables(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of targets [B, S] given inputs [B, S]."""
        x, length = self.embedding(inputs), inputs.shape[1]
        for block in self.blocks:
            x = block(x, self.cos[:length], self.sin[:length])
        hidden = self.norm(x).flatten(0, 1)
        weight = self.embedding.weight if self.output is None else self.output.weight
        if self.projected_loss is not None:
            loss: Tensor = self.projected_loss(hidden, weight, targets.flatten())
            return loss
        return functional.cross_entropy(functional.linear(hidden, weight).float(), targets.flatten())


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions of x [B, S, heads, D]."""
    first, second = x.chunk(2, dim=-1)
    c, s = cos[:, None, :].to(x.dtype), sin[:, None, :].to(x.dtype)
    return torch.cat((first * c - second * s, second * c + first * s), dim=-1)
