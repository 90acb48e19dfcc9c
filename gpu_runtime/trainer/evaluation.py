"""The held-out loss, on windows that are the same at every evaluation."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.gang import ALONE, Gang
from gpu_runtime.trainer.model import Transformer
from gpu_runtime.trainer.sampler import fixed_windows, windows

HELD_OUT_TOKENS = 32_768


class Evaluation:
    """Evenly spread windows of the held-out text, about 32,768 tokens of them."""

    def __init__(self, text: Tensor, config: TrainConfig, gang: Gang = ALONE) -> None:
        self._text, self._context, self._gang = text, config.context, gang
        starts = fixed_windows(text, config.context, max(1, HELD_OUT_TOKENS // config.context))
        self._count, self._batches = len(starts), torch.split(starts, config.batch)

    @torch.no_grad()
    def held_out_loss(self, model: Transformer, stop_asked: Callable[[], bool]) -> float | None:
        """Mean loss in nats a token over all windows; None where a stop was asked for meanwhile.

        The processes of a gang deal the batches out among them, and each runs as many: one that has none left runs
        the last one again and does not count it.

        Args:
            stop_asked: answers every process of the gang alike.
        """
        device = model.cos.device
        total = torch.zeros((), dtype=torch.float64)
        for turn in range(0, len(self._batches), self._gang.size):
            if stop_asked():
                return None
            mine = turn + self._gang.rank
            starts = self._batches[min(mine, len(self._batches) - 1)]
            inputs, targets = windows(self._text, starts, self._context)
            loss = float(model(inputs.to(device), targets.to(device)))
            total += loss * len(starts) if mine < len(self._batches) else 0.0
        return float(self._gang.mean(total)) * self._gang.size / self._count


def bits(nats: float) -> float:
    """Nats as bits."""
    return nats / math.log(2)
