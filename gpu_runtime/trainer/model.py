"""A decoder-only transformer over bytes: RMSNorm, rotary positions, grouped-query attention, SwiGLU.

Shapes: B windows, S bytes each, E = d_model, Hq heads, Hk key heads, D = E / Hq, F = hidden width, V = 256.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gpu_runtime.trainer.config import TrainConfig
from kernels.linear_cross_entropy import linear_cross_entropy
from kernels.rms_norm import rms_norm
from kernels.rope import rope, rope_tables
from kernels.swiglu import swiglu

VOCABULARY = 256


def hidden_width(d_model: int) -> int:
    """Width of the gated layer: 8/3 of d_model, rounded up to a multiple of 32."""
    return -(-8 * d_model // 96) * 32


class Norm(nn.Module):
    """RMSNorm with a learnt scale."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x [..., E]."""
        return rms_norm(x, self.weight)


class Attention(nn.Module):
    """Causal attention; each group of heads shares one key head."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = config.heads, config.kv_heads, config.head_dim
        width = (self.heads + 2 * self.kv_heads) * self.head_dim
        self.qkv = nn.Linear(config.d_model, width, bias=False)
        self.out = nn.Linear(config.d_model, config.d_model, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Mix x [B, S, E] over the bytes before each."""
        batch, length, width = x.shape
        q, k, v = self._split(self.qkv(x).view(batch, length, -1, self.head_dim))
        q, k = rope(q, k, cos, sin)
        k, v = self._share(k), self._share(v)
        mixed = functional.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True
        )
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return out

    def _split(self, heads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = torch.split(heads, [self.heads, self.kv_heads, self.kv_heads], dim=2)
        return q, k, v

    def _share(self, x: Tensor) -> Tensor:
        """Repeat each key head for its group: [B, S, Hk, D] -> [B, S, Hq, D]."""
        return x.repeat_interleave(self.heads // self.kv_heads, dim=2)


class FeedForward(nn.Module):
    """Two projections in, gated, and one out."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        width = hidden_width(d_model)
        self.gate = nn.Linear(d_model, width, bias=False)
        self.up = nn.Linear(d_model, width, bias=False)
        self.down = nn.Linear(width, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each position of x [B, S, E]."""
        out: Tensor = self.down(swiglu(self.gate(x), self.up(x)))
        return out


class Block(nn.Module):
    """Attention and feed-forward, each on a normalised residual stream."""

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.attention_norm, self.attention = Norm(config.d_model), Attention(config)
        self.feed_forward_norm, self.feed_forward = Norm(config.d_model), FeedForward(config.d_model)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Add both transformations to x [B, S, E]."""
        x = x + self.attention(self.attention_norm(x), cos, sin)
        out: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return out


class ByteTransformer(nn.Module):
    """The whole model; the embedding is also the output projection."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: TrainConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = Norm(config.d_model)
        cos, sin = rope_tables(config.context, config.head_dim)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self._initialise(config)

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats a byte of targets [B, S] given inputs [B, S]."""
        x = self.embedding(inputs) * self.embedding.embedding_dim**0.5
        length = inputs.shape[1]
        for block in self.blocks:
            x = block(x, self.cos[:length], self.sin[:length])
        hidden = self.norm(x).flatten(0, 1)
        return linear_cross_entropy(hidden, self.embedding.weight, targets.flatten())

    def _initialise(self, config: TrainConfig) -> None:
        """Normal weights of width^-1/2; projections back into the stream start smaller, by depth."""
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                continue
            deep = name.endswith(("attention.out.weight", "feed_forward.down.weight"))
            scale = (2 * config.layers) ** -0.5 if deep else 1.0
            nn.init.normal_(parameter, std=scale * parameter.shape[1] ** -0.5)
