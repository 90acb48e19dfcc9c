"""How fast a training runs against what its devices can do: MFU, the share of the measured ceiling, energy."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gpu_runtime.trainer.energy import EnergyCounter
from gpu_runtime.trainer.shape import ModelShape
from gpu_runtime.trainer.work import MFU_FORMULA, flops_per_token, peak_flops

# Large enough that a product runs at full speed, small enough that a start does not wait for it.
CPU_EDGE, GPU_EDGE, REPEATS = 512, 8192, 5


@dataclass(frozen=True)
class Devices:
    """What a training runs on, over all its processes.

    Attributes:
        chips: the devices' models by name, one each; uuids: as the driver names those of this process's host.
        is_emulated: whether a CPU stands for them: it has no peak to be measured against.
    """

    chips: Sequence[str]
    uuids: Sequence[str]
    is_emulated: bool


class Meter:
    """Turns tokens a second into shares of what the devices can do."""

    def __init__(self, shape: ModelShape, devices: Devices, ceiling_flops_per_s: float, processes: int = 1) -> None:
        """Begin to count energy.

        Args:
            ceiling_flops_per_s: what matrix products reach in one process here, as `matmul_ceiling` measures it.
        """
        self._flops_per_token, self._processes = flops_per_token(shape), processes
        peaks = [peak_flops(chip) for chip in devices.chips]
        known = [peak for peak in peaks if peak is not None]
        self._peak = None if devices.is_emulated or len(known) < len(peaks) else sum(known)
        self._ceiling = ceiling_flops_per_s
        self._energy = EnergyCounter([] if devices.is_emulated else devices.uuids)
        self._begun = self._last = self._energy.joules()

    def shares(self, tokens_per_s: float) -> dict[str, float]:
        """For one line of metrics: what is known of mfu, of the measured ceiling, and joules since the line before."""
        flops_per_s = tokens_per_s * self._flops_per_token
        said = {"of_matmul_ceiling": round(flops_per_s / (self._ceiling * self._processes), 4)}
        if self._peak is not None:
            said["mfu"] = round(flops_per_s / self._peak, 4)
        joules = self._energy.joules()
        if joules is not None and self._last is not None:
            said["energy_j"], self._last = round(joules - self._last, 3), joules
        return said

    def account(self, tokens_per_s: float | None) -> dict[str, float | str]:
        """For the receipt: speed over the whole run, by which formula, and what could not be measured and why."""
        said: dict[str, float | str] = {"matmul_ceiling_flops_per_s": round(self._ceiling)}
        if tokens_per_s is not None:
            said |= {"tokens_per_s": round(tokens_per_s, 1), **self.shares(tokens_per_s)}
        said.pop("energy_j", None)
        if self._peak is None:
            said["mfu_not_stated"] = "the chip's peak is not known, or a CPU stands for it"
        else:
            said |= {"mfu_formula": MFU_FORMULA, "peak_flops_per_s": self._peak}
        joules = self._energy.joules()
        if joules is None or self._begun is None:
            return said | {"energy_not_measured": self._energy.fault}
        return said | {"energy_j": round(joules - self._begun, 3)}


def matmul_ceiling(device: torch.device, dtype: torch.dtype) -> float:
    """The best of a few large matrix products on random numbers, FLOP/s."""
    edge = GPU_EDGE if device.type == "cuda" else CPU_EDGE
    generator = torch.Generator(device).manual_seed(0)
    a, b = (torch.randn(edge, edge, device=device, generator=generator).to(dtype) for _ in range(2))
    seconds = min(_seconds(a, b) for _ in range(REPEATS))
    return 2 * edge**3 / seconds


def _seconds(a: torch.Tensor, b: torch.Tensor) -> float:
    _wait(a.device)
    began = time.perf_counter()
    torch.mm(a, b)
    _wait(a.device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
