"""The learning rate of each step: a linear warm-up, then half a cosine."""

import math

from gpu_runtime.trainer.config import TrainConfig

FINAL_SHARE = 0.05


def learning_rate_at(step: int, config: TrainConfig) -> float:
    """The learning rate of a step, counted from 1: the peak at the warm-up's end, 5 % of it at the last step."""
    peak = float(config.learning_rate)
    if step <= config.warmup_steps:
        return peak * step / config.warmup_steps
    through = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    return peak * (FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * through)))
