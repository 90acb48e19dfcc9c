"""The processes that train one model together, as torchrun starts them; a process on its own is a gang of one.

What the processes must agree on goes through here: whether to stop, the mean of a loss, the norm of a gradient that
each holds a part of.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

# A checkpoint of another rank may take long; a rank that is gone is seen by torchrun, which ends the others.
PATIENCE = timedelta(minutes=30)


@dataclass(frozen=True)
class Gang:
    """One process's place among them.

    Attributes:
        rank: from 0. size: processes in all. local_rank: from 0 on each host.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Gang":
        """The place that torchrun wrote into the environment; alone where there is none."""
        if "WORLD_SIZE" not in environment:
            return cls()
        return cls(
            int(environment["RANK"]), int(environment["WORLD_SIZE"]), int(environment.get("LOCAL_RANK", "0"))
        )  # fmt: skip

    @property
    def is_alone(self) -> bool:
        """Whether there is but one process."""
        return self.size == 1

    @property
    def leads(self) -> bool:
        """Whether this process speaks for all: metrics, checkpoints' manifests, the receipt."""
        return self.rank == 0

    def join(self, device: torch.device) -> None:
        """Meet the others; nothing where there are none."""
        if not self.is_alone and not dist.is_initialized():
            backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
            dist.init_process_group(backend, timeout=PATIENCE, rank=self.rank, world_size=self.size)

    def leave(self) -> None:
        """Part from the others."""
        if dist.is_available() and dist.is_initialized():
            dist.destroy_process_group()

    def any(self, holds: bool) -> bool:
        """Whether it holds for one of them at least: every process gets the same answer."""
        if self.is_alone:
            return holds
        said = torch.tensor(int(holds))
        dist.all_reduce(said, op=dist.ReduceOp.MAX)
        return bool(said)

    def mean(self, value: Tensor) -> Tensor:
        """The mean over the processes, in place."""
        if not self.is_alone:
            dist.all_reduce(value)
            value /= self.size
        return value

    def norm(self, part: Tensor) -> Tensor:
        """The Euclidean norm of what the processes hold in parts, from the norm of each one's part."""
        if self.is_alone:
            return part
        squares = part.double().square()
        dist.all_reduce(squares)
        return squares.sqrt().to(part.dtype)

    def share_of(self, rows: Tensor) -> Tensor:
        """This process's even share of a step's windows, in order."""
        share = len(rows) // self.size
        return rows[self.rank * share : (self.rank + 1) * share]


ALONE = Gang()


def local(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor: its shard, or all of it."""
    # By name: torch takes two seconds to import the class, which a process on its own never meets.
    to_local = getattr(tensor, "to_local", None)
    return tensor if to_local is None else to_local()


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor, gathered where it is in shards; every process of the gang has to ask."""
    full_tensor = getattr(tensor, "full_tensor", None)
    return tensor if full_tensor is None else full_tensor()
