"""One model over the processes of a gang: copies whose gradients are averaged (DDP), or shards (FSDP2).

Imported by gangs alone: torch takes two seconds to import what is needed here.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from gpu_runtime.trainer.gang import Gang
from gpu_runtime.trainer.model import Transformer


def shard(model: Transformer, gang: Gang, device: torch.device, computes_in: torch.dtype) -> None:
    """Cut every parameter along its first dimension over the gang: blocks one by one, then what is around them.

    Shards stay in float32 and are what the optimiser moves; a block is gathered in `computes_in` while it runs, and
    gradients are summed in float32.
    """
    mesh = init_device_mesh(device.type, (gang.size,))
    policy = MixedPrecisionPolicy(param_dtype=computes_in, reduce_dtype=torch.float32)
    for block in model.blocks:
        fully_shard(block, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)


def replicate(model: Transformer, device: torch.device) -> DistributedDataParallel:
    """A copy in each process, gradients averaged while the backward pass still runs."""
    devices = [device] if device.type == "cuda" else None
    return DistributedDataParallel(model, device_ids=devices, broadcast_buffers=False, gradient_as_bucket_view=True)


@contextlib.contextmanager
def synchronised(module: Any, together: bool) -> Iterator[None]:
    """Exchange gradients in this part's backward pass, or leave that to a later part of the same step."""
    if isinstance(module, FSDPModule):
        module.set_requires_gradient_sync(together)
        yield
    elif isinstance(module, DistributedDataParallel) and not together:
        with module.no_sync():
            yield
    else:
        yield


def place(target: Tensor, source: Tensor) -> None:
    """Copy a whole tensor into one that may be in shards: each process takes its part."""
    if isinstance(target, DTensor) and not isinstance(source, DTensor):
        source = distribute_tensor(
            source.to(target.to_local().device), target.device_mesh, target.placements, src_data_rank=None
        )
    target.copy_(source)
