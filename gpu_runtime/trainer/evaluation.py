"""The held-out loss, on windows that are the same at every evaluation."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.model import ByteTransformer
from gpu_runtime.trainer.sampler import fixed_windows, windows

HELD_OUT_BYTES = 32_768


class Evaluation:
    """Evenly spread windows of the held-out text, about 32 KB of them."""

    def __init__(self, text: Tensor, config: TrainConfig) -> None:
        self._text, self._context, self._batch = text, config.context, config.batch
        self._starts = fixed_windows(text, config.context, max(1, HELD_OUT_BYTES // config.context))

    @torch.no_grad()
    def held_out_loss(self, model: ByteTransformer, stop_asked: Callable[[], bool]) -> float | None:
        """Mean loss in nats a byte over all windows; None where a stop was asked for meanwhile."""
        device, total = model.embedding.weight.device, 0.0
        for starts in torch.split(self._starts, self._batch):
            if stop_asked():
                return None
            inputs, targets = windows(self._text, starts, self._context)
            total += float(model(inputs.to(device), targets.to(device))) * len(starts)
        return total / len(self._starts)


def bits(nats: float) -> float:
    """Nats as bits."""
    return nats / math.log(2)
