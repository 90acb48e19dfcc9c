"""One training as it stands: model, optimiser, sampler and step, and what of it a checkpoint keeps."""

import ctypes
import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.model import ByteTransformer
from gpu_runtime.trainer.optimiser import Optimiser
from gpu_runtime.trainer.sampler import Cursor, WindowSampler
from gpu_runtime.trainer.schedule import learning_rate_at

State = dict[str, Tensor | int]


class NotANumber(RuntimeError):
    """The loss or the gradient stopped being a number."""


class Training:
    """Everything that changes from step to step. The step number is also the schedule's state."""

    def __init__(self, config: TrainConfig, text: Tensor, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, device
        self.model = ByteTransformer(config).to(device)
        self.optimiser = Optimiser(self.model)
        self.sampler = WindowSampler(text, config.context, config.batch, config.seed)
        self.step = 0

    def advance(self) -> float:
        """Take one step.

        Returns:
            The batch's loss before the step, nats a byte.

        Raises:
            NotANumber: the loss or the gradient is infinite or no number; the parameters are then spent.
        """
        inputs, targets = self.sampler.next_batch()
        loss = self.model(inputs.to(self.device), targets.to(self.device))
        loss.backward()
        rate = learning_rate_at(self.step + 1, self.config)
        norm = self.optimiser.step(rate)
        self.step += 1
        both = torch.stack((loss.detach(), norm)).tolist()
        if not all(abs(value) < float("inf") for value in both):
            raise NotANumber(
                f"At step {self.step} the loss is {both[0]} and the gradient's norm {both[1]}, at a learning rate of"
                f" {rate:.3g}. Lower learning_rate or lengthen warmup_steps; the last checkpoint is still good."
            )
        return float(both[0])

    def state(self) -> dict[str, State]:
        """Everything a resumed training needs to go on bit by bit as this one would."""
        progress: State = {
            "step": self.step,
            "epoch": self.sampler.cursor.epoch,
            "position": self.sampler.cursor.position,
            "random": torch.get_rng_state(),
        }
        return {"model": dict(self.model.state_dict()), "optimiser": dict(self.optimiser.state()), "progress": progress}

    def load(self, state: Mapping[str, State]) -> None:
        """Go on from a stored state."""
        self.model.load_state_dict(state["model"])
        self.optimiser.load({name: torch.as_tensor(value) for name, value in state["optimiser"].items()})
        progress = state["progress"]
        self.sampler.move_to(Cursor(int(progress["epoch"]), int(progress["position"])))
        torch.set_rng_state(torch.as_tensor(progress["random"]))
        self.step = int(progress["step"])

    def digest(self) -> str:
        """SHA-256 over every parameter's bytes, in name order."""
        total = hashlib.sha256()
        for name, tensor in sorted(self.model.state_dict().items()):
            total.update(name.encode() + b"\0")
            flat = tensor.detach().cpu().contiguous()
            total.update(ctypes.string_at(flat.data_ptr(), flat.nbytes))
        return total.hexdigest()
