"""What a run trains: a model of random numbers or one of the host's, and where the trained one goes."""

import hashlib
import shutil
from pathlib import Path

from gpu_runtime.runner.attempt import Attempt
from gpu_runtime.trainer.corpus import Corpus
from gpu_runtime.trainer.exchange import CONFIG, find_model, load_weights, save_model, shape_for
from gpu_runtime.trainer.meter import Devices, Meter, matmul_ceiling
from gpu_runtime.trainer.training import Place, Training, computing_dtype

EXPORTED = "huggingface"


def begin_training(attempt: Attempt, corpus: Corpus, place: Place) -> tuple[Training, str]:
    """Make the training that an attempt asks for, before any checkpoint is read.

    Returns:
        The training, and what it starts from: a model's name and its files' digest, or nothing.

    Raises:
        CannotTrain: the host lacks the model, or it is not what the section says.
    """
    name = attempt.config.start_from
    if name is None:
        return Training(attempt.config, corpus, place), ""
    kept = find_model(name)
    training = Training(attempt.config, corpus, place, shape_for(attempt.config, kept))
    if attempt.resume is None:
        training.start_from(load_weights(kept))
    return training, f"{name}, SHA-256 {_digest(kept.folder)}"


def export_model(training: Training, checkpoint_dir: Path) -> None:
    """Write the trained model as Hugging Face safetensors beside the checkpoints; every process of a gang asks."""
    weights, folder = training.weights(), checkpoint_dir / EXPORTED
    if training.gang.leads:
        for old in (folder, folder.with_name(f"{EXPORTED}.incomplete")):
            if old.exists():
                shutil.rmtree(old)
        save_model(folder, training.shape, weights, computing_dtype(training.config, training.device))
    training.gang.any(False)


def meter_of(attempt: Attempt, training: Training) -> Meter:
    """The meter for an attempt's devices on all of its hosts, which are alike."""
    is_emulated = attempt.backend == "cpu-emulated"
    here = [device.chip_model for device in attempt.devices]
    devices = Devices(
        chips=here if is_emulated else here[:1] * training.gang.size,
        uuids=[device.uuid for device in attempt.devices], is_emulated=is_emulated,
    )  # fmt: skip
    dtype = computing_dtype(training.config, training.device)
    return Meter(training.shape, devices, matmul_ceiling(training.device, dtype), training.gang.size)


def _digest(folder: Path) -> str:
    """SHA-256 over the names and digests of a model's files, in name order."""
    total = hashlib.sha256()
    for path in sorted([folder / CONFIG, *folder.glob("*.safetensors")]):
        with path.open("rb") as file:
            total.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
