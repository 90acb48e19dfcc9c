"""Rotary tables for a model's shape, stretched for long contexts where it says so."""

import math

import torch
from torch import Tensor

from gpu_runtime.trainer.shape import ModelShape, RopeScaling


def rotary_tables(shape: ModelShape) -> tuple[Tensor, Tensor]:
    """Cosines and sines of every position: two float32 tensors [context, head_dim / 2]."""
    exponents = torch.arange(0, shape.head_dim, 2, dtype=torch.float64) / shape.head_dim
    frequencies = shape.rope_base**-exponents
    if shape.rope_scaling is not None:
        frequencies = _stretched(frequencies, shape.rope_scaling)
    angles = torch.arange(shape.context, dtype=torch.float64)[:, None] * frequencies
    return angles.cos().float(), angles.sin().float()


def _stretched(frequencies: Tensor, by: RopeScaling) -> Tensor:
    """Long waves become longer by the factor, short ones stay, those between are blended."""
    turns = frequencies * by.original_context / (2 * math.pi)
    kept = ((turns - by.low_freq_factor) / (by.high_freq_factor - by.low_freq_factor)).clamp(0, 1)
    return kept * frequencies + (1 - kept) * frequencies / by.factor
