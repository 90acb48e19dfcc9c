"""A decoder-only transformer: RMSNorm, rotary positions, grouped-query attention, SwiGLU.

Shapes: B windows, S tokens each, E = d_model, Hq heads, Hk key heads, D = E / Hq, F = hidden width, V = vocabulary.
A block takes the residual stream and what is yet to be added to it, so that adding and normalising are one pass.
"""

import torch
from torch import Tensor, nn

from gpu_runtime.trainer.positions import rotary_tables
from gpu_runtime.trainer.shape import ModelShape
from kernels.attention import attention
from kernels.linear_cross_entropy import linear_cross_entropy
from kernels.rms_norm import add_rms_norm, rms_norm
from kernels.rope import rope
from kernels.swiglu import swiglu


class Norm(nn.Module):
    """RMSNorm with a learnt scale."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, stream: Tensor, update: Tensor | None) -> tuple[Tensor, Tensor]:
        """Add update to stream [..., E]. Returns the sum normalised, and the sum."""
        if update is None:
            return rms_norm(stream, self.weight, self.eps), stream
        return add_rms_norm(update, stream, self.weight, self.eps)


class Attention(nn.Module):
    """Causal attention; each group of heads shares one key head."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = shape.heads, shape.kv_heads, shape.head_dim
        self.qkv = nn.Linear(shape.d_model, (self.heads + 2 * self.kv_heads) * self.head_dim, bias=False)
        self.out = nn.Linear(shape.d_model, shape.d_model, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Mix x [B, S, E] over the tokens before each."""
        batch, length, width = x.shape
        heads = self.qkv(x).view(batch, length, -1, self.head_dim)
        q, k, v = torch.split(heads, [self.heads, self.kv_heads, self.kv_heads], dim=2)
        q, k = rope(q, k, cos, sin)
        out: Tensor = self.out(attention(q, k, v).reshape(batch, length, width))
        return out


class FeedForward(nn.Module):
    """Two projections in, gated, and one out."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.gate = nn.Linear(shape.d_model, shape.hidden, bias=False)
        self.up = nn.Linear(shape.d_model, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each position of x [B, S, E]."""
        out: Tensor = self.down(swiglu(self.gate(x), self.up(x)))
        return out


class Block(nn.Module):
    """Attention and feed-forward, each on a normalised residual stream."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.attention_norm, self.attention = Norm(shape.d_model, shape.norm_eps), Attention(shape)
        self.feed_forward_norm, self.feed_forward = Norm(shape.d_model, shape.norm_eps), FeedForward(shape)

    def forward(self, stream: Tensor, update: Tensor | None, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
        """Take the stream [B, S, E] and what is yet to be added to it. Returns both, one block on."""
        normed, stream = self.attention_norm(stream, update)
        normed, stream = self.feed_forward_norm(stream, self.attention(normed, cos, sin))
        return stream, self.feed_forward(normed)


class Transformer(nn.Module):
    """The whole model; a tied one has its embedding as output projection too."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.d_model)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.d_model, shape.norm_eps)
        self.output = None if shape.tied else nn.Linear(shape.d_model, shape.vocabulary, bias=False)
        cos, sin = rotary_tables(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self._initialise()

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats a token of targets [B, S] given inputs [B, S]."""
        return linear_cross_entropy(self.hidden(inputs).flatten(0, 1), self.output_weight, targets.flatten())

    def hidden(self, inputs: Tensor) -> Tensor:
        """What the output projection sees, [B, S, E]."""
        stream, update, length = self.embedding(inputs), None, inputs.shape[1]
        for block in self.blocks:
            stream, update = block(stream, update, self.cos[:length], self.sin[:length])
        normed: Tensor = self.norm(stream, update)[0]
        return normed

    def logits(self, inputs: Tensor) -> Tensor:
        """Scores of every token number at each position, [B, S, V]."""
        return nn.functional.linear(self.hidden(inputs), self.output_weight)

    @property
    def output_weight(self) -> Tensor:
        """The output projection, [V, E]."""
        return self.embedding.weight if self.output is None else self.output.weight

    def _initialise(self) -> None:
        """Normal weights of width^-1/2; projections back into the stream start smaller, by depth."""
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                continue
            deep = name.endswith(("attention.out.weight", "feed_forward.down.weight"))
            scale = (2 * self.shape.layers) ** -0.5 if deep else 1.0
            nn.init.normal_(parameter, std=scale * parameter.shape[1] ** -0.5)
