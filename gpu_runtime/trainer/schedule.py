"""The learning rate of each step: a linear warm-up, then half a cosine, or the peak and a straight way down."""

import math

from gpu_runtime.trainer.config import TrainConfig

FINAL_SHARE = 0.05


def learning_rate_at(step: int, config: TrainConfig) -> float:
    """The learning rate of a step, counted from 1.

    It is the peak at the warm-up's end. By the half cosine it is 5 % of the peak at the last step; by "wsd"
    (warm-up, stable, decay) it stays at the peak until the last `decay_steps` and falls straight to 5 % there.

    Source: Loshchilov and Hutter, "SGDR" (2017), equation 5; Hu et al., "MiniCPM" (2024), section 4.2, with a
    linear decay.
    """
    peak = float(config.learning_rate)
    if step <= config.warmup_steps:
        return peak * step / config.warmup_steps
    if config.schedule == "wsd":
        since = max(0, step - max(config.decay_from, config.warmup_steps))
        length = max(1, config.steps - max(config.decay_from, config.warmup_steps))
        return peak * (1 - (1 - FINAL_SHARE) * since / length)
    through = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    return peak * (FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * through)))
