"""A Llama forward pass written from the papers' equations, on Hugging Face's tensor names: the exchange's reference.

Sources: Zhang and Sennrich 2019, equation 4 (RMSNorm); Su et al. 2021, equation 34, on the halves of a head (rotary);
Ainslie et al. 2023 (grouped queries); Shazeer 2020, equation 5 (SwiGLU). All scores are held, in float64.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def logits(config: Mapping[str, Any], weights: Mapping[str, Tensor], tokens: Tensor) -> Tensor:
    """Scores [S, V] of one sequence of token numbers [S]."""
    w = {name: tensor.double() for name, tensor in weights.items()}
    x = w["model.embed_tokens.weight"][tokens]
    for number in range(config["num_hidden_layers"]):
        here = f"model.layers.{number}"
        x = x + _attention(config, w, here, _norm(x, w[f"{here}.input_layernorm.weight"], config))
        h = _norm(x, w[f"{here}.post_attention_layernorm.weight"], config)
        gate = h @ w[f"{here}.mlp.gate_proj.weight"].T
        up = h @ w[f"{here}.mlp.up_proj.weight"].T
        x = x + (gate / (1 + torch.exp(-gate)) * up) @ w[f"{here}.mlp.down_proj.weight"].T
    out = w.get("lm_head.weight", w["model.embed_tokens.weight"])
    return _norm(x, w["model.norm.weight"], config) @ out.T


def _norm(x: Tensor, scale: Tensor, config: Mapping[str, Any]) -> Tensor:
    return x / torch.sqrt((x * x).mean(dim=-1, keepdim=True) + config["rms_norm_eps"]) * scale


def _attention(config: Mapping[str, Any], w: Mapping[str, Tensor], here: str, x: Tensor) -> Tensor:
    heads, shared = config["num_attention_heads"], config["num_key_value_heads"]
    width, length = config["hidden_size"] // heads, len(x)
    q, k, v = ((x @ w[f"{here}.self_attn.{name}_proj.weight"].T).view(length, -1, width) for name in "qkv")
    q, k = _turned(q, config["rope_theta"]), _turned(k, config["rope_theta"])
    mixed = torch.empty_like(q)
    for head in range(heads):
        key = head * shared // heads
        scores = q[:, head] @ k[:, key].T / width**0.5
        scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), float("-inf"))
        mixed[:, head] = torch.softmax(scores, dim=-1) @ v[:, key]
    return mixed.reshape(length, -1) @ w[f"{here}.self_attn.o_proj.weight"].T


def _turned(x: Tensor, base: float) -> Tensor:
    half = x.shape[-1] // 2
    angles = torch.arange(len(x)).double()[:, None] * base ** (-torch.arange(half).double() / half)
    turn = torch.polar(torch.ones_like(angles), angles)[:, None, :]
    turned = torch.complex(x[..., :half], x[..., half:]) * turn
    return torch.cat((turned.real, turned.imag), dim=-1)
