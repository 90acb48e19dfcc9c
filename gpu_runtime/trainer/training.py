"""One training as it stands: model, optimiser, sampler and step, and what of it a checkpoint keeps."""

import contextlib
import ctypes
import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gpu_runtime.trainer.config import TrainConfig
from gpu_runtime.trainer.corpus import Corpus
from gpu_runtime.trainer.gang import ALONE, Gang, local, whole
from gpu_runtime.trainer.model import Transformer
from gpu_runtime.trainer.optimiser import Optimiser
from gpu_runtime.trainer.refusals import CannotShare, DataError
from gpu_runtime.trainer.sampler import Cursor, WindowSampler, windows
from gpu_runtime.trainer.schedule import learning_rate_at
from gpu_runtime.trainer.shape import ModelShape, shape_of
from kernels.attention import fastest_first

State = dict[str, Tensor | int]
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class NotANumber(RuntimeError):
    """The loss or the gradient stopped being a number."""


@dataclass(frozen=True)
class Place:
    """Where a training runs: its device, and the processes that train with it."""

    device: torch.device
    gang: Gang = ALONE


class Training:
    """Everything that changes from step to step. The step number is also the schedule's state."""

    def __init__(self, config: TrainConfig, corpus: Corpus, place: Place, shape: ModelShape | None = None) -> None:
        """Make the model and its optimiser.

        Args:
            shape: of the model to start from, where that is not for the section to say.

        Raises:
            CannotShare: the batch is no multiple of what shares it.
            DataError: the data has token numbers that the model does not know.
        """
        _check_share(config, place.gang)
        self.config, self.device, self.gang = config, place.device, place.gang
        if config.deterministic:
            be_deterministic()
        torch.manual_seed(config.seed)
        self.shape = shape or shape_of(config, corpus.vocabulary)
        _check_vocabulary(self.shape, corpus)
        self.model = Transformer(self.shape).to(place.device)
        self._run, self._synchronised = self._spread(computing_dtype(config, place.device))
        self.optimiser = Optimiser(self.model, place.gang)
        self.sampler = WindowSampler(corpus.train, config.context, config.batch, config.seed)
        self.step = 0

    def advance(self) -> float:
        """Take one step.

        Returns:
            The batch's loss before the step, nats a token.

        Raises:
            NotANumber: the loss or the gradient is infinite or no number; the parameters are as before the step.
        """
        loss = self._gradients()
        rate = learning_rate_at(self.step + 1, self.config)
        norm = self.optimiser.step(rate)
        self.step += 1
        both = torch.stack((self.gang.mean(loss), norm.to(loss.dtype))).tolist()
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
        held = self.state()
        for part in ("model", "optimiser"):
            self._copy(held[part], {name: torch.as_tensor(value) for name, value in state[part].items()})
        progress = state["progress"]
        self.sampler.move_to(Cursor(int(progress["epoch"]), int(progress["position"])))
        torch.set_rng_state(torch.as_tensor(progress["random"]))
        self.step = int(progress["step"])

    def start_from(self, weights: Mapping[str, Tensor]) -> None:
        """Take other parameters before the first step."""
        self._copy(dict(self.model.state_dict()), weights)
        self.optimiser.start_over(weights)

    def weights(self) -> dict[str, Tensor]:
        """The parameters in float32, whole, on the CPU: the masters where there are any. Every process has to ask."""
        state = self.optimiser.state()
        held = {name: state.get(f"master.{name}", tensor) for name, tensor in self.model.state_dict().items()}
        return {name: whole(tensor).detach().cpu() for name, tensor in held.items()}

    def digest(self) -> str:
        """SHA-256 over every parameter's bytes, in name order."""
        total = hashlib.sha256()
        for name, tensor in sorted(self.weights().items()):
            total.update(name.encode() + b"\0")
            flat = tensor.contiguous()
            total.update(ctypes.string_at(flat.data_ptr(), flat.nbytes))
        return total.hexdigest()

    def _gradients(self) -> Tensor:
        """Run a step's windows in parts, forward and back. Returns the mean loss of this process's share."""
        starts = self.gang.share_of(self.sampler.next_starts())
        parts = torch.chunk(starts, self.config.parts)
        total = torch.zeros((), device=self.device)
        for number, part in enumerate(parts):
            inputs, targets = windows(self.sampler.text, part, self.config.context)
            is_last = number == len(parts) - 1
            # Gradients in bfloat16 are summed in float32 beside the model, so each part is exchanged by itself.
            with fastest_first(self.device.type), self._synchronised(is_last or self.optimiser.has_masters):
                loss = self._run(inputs.to(self.device), targets.to(self.device))
                (loss / len(parts)).backward()
            total += loss.detach().float() / len(parts)
            if len(parts) > 1:
                self.optimiser.gather()
        return total

    def _spread(self, computes_in: torch.dtype) -> tuple[Any, Callable[[bool], AbstractContextManager[None]]]:
        """Bring the model into its dtype and over the gang. Returns what to call, and how parts are exchanged."""
        model: Any = self.model
        if self.config.compile:
            for block in self.model.blocks:
                block.compile(fullgraph=True)
        if self.config.parallel == "fsdp" and not self.gang.is_alone:
            from gpu_runtime.trainer import parallel  # two seconds of imports that one process alone does not need

            parallel.shard(self.model, self.gang, self.device, computes_in)
            return model, lambda together: parallel.synchronised(model, together)
        for parameter in self.model.parameters():
            parameter.data = parameter.data.to(computes_in)
        if self.gang.is_alone:
            return model, lambda together: contextlib.nullcontext()
        from gpu_runtime.trainer import parallel

        copies = parallel.replicate(self.model, self.device)
        return copies, lambda together: parallel.synchronised(copies, together)

    @torch.no_grad()
    def _copy(self, held: Mapping[str, Any], source: Mapping[str, Tensor]) -> None:
        for name, tensor in held.items():
            if local(tensor) is tensor:
                tensor.copy_(source[name])
            else:
                from gpu_runtime.trainer.parallel import place

                place(tensor, source[name])


def computing_dtype(config: TrainConfig, device: torch.device) -> torch.dtype:
    """What products are made in: as the section says, else bfloat16 on a GPU and float32 on the CPU."""
    return DTYPES[config.precision or ("bf16" if device.type == "cuda" else "fp32")]


def be_deterministic() -> None:
    """From now on refuse, in this process, every operation whose result is not the same each time."""
    # cuBLAS reads it when it first makes a handle.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    # Filling memory that is about to be written costs time and changes nothing that is deterministic.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def _check_share(config: TrainConfig, gang: Gang) -> None:
    if config.batch % (gang.size * config.parts):
        raise CannotShare(
            f"batch ({config.batch}) must be a multiple of {gang.size} processes x accumulate ({config.parts})."
        )


def _check_vocabulary(shape: ModelShape, corpus: Corpus) -> None:
    if corpus.vocabulary > shape.vocabulary:
        raise DataError(
            f"The data has {corpus.vocabulary} token numbers and the model {shape.vocabulary}: they were made with"
            " different tokenizers."
        )
