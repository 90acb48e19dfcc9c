"""Where the GPU benchmark plays: on the device, or as a rehearsal on the CPU that proves nothing but that it runs."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

FLUSHED_INTEGERS = 1 << 26  # 256 MB: five times the L2 cache of an H200


@dataclass(frozen=True)
class Stage:
    """A device and whether sizes are the issue's or a few rows."""

    device: str
    is_rehearsal: bool = False

    def size(self, real: int, tiny: int) -> int:
        """One dimension of a shape."""
        return tiny if self.is_rehearsal else real

    def random(self, *shape: int) -> Tensor:
        """Random bfloat16 numbers."""
        return torch.randn(*shape, device=self.device, dtype=torch.bfloat16)

    def leaf(self, *shape: int) -> Tensor:
        """Random bfloat16 numbers that take a gradient."""
        return self.random(*shape).requires_grad_()

    def wait(self) -> None:
        """Return when the device has done what it was asked."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def milliseconds(self, work: Callable[[], Any], repeats: int) -> float:
        """Median of single calls by the device's clock, the L2 cache emptied before each."""
        if self.device != "cuda":
            return statistics.median(self._wall_ms(work) for _ in range(repeats))
        flush = torch.empty(FLUSHED_INTEGERS, dtype=torch.int32, device="cuda")
        pairs = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(repeats)]
        for start, end in pairs:
            flush.zero_()
            start.record()
            work()
            end.record()
        self.wait()
        return statistics.median(start.elapsed_time(end) for start, end in pairs)

    def host_us(self, work: Callable[[], Any], repeats: int = 20) -> float:
        """What a call costs the host until it returns, microseconds."""
        taken = []
        for _ in range(repeats):
            self.wait()
            began = time.perf_counter()
            work()
            taken.append((time.perf_counter() - began) * 1e6)
        self.wait()
        return statistics.median(taken)

    def peak_gib(self, work: Callable[[], Any]) -> float | None:
        """How far allocated memory rises while the work runs."""
        if self.device != "cuda":
            work()
            return None
        self.wait()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        self.wait()
        return round((torch.cuda.max_memory_allocated() - before) / 2**30, 3)

    def empty_cache(self) -> None:
        """Give back what the allocator keeps."""
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def _wall_ms(self, work: Callable[[], Any]) -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1e3
