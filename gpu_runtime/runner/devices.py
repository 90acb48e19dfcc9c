"""The torch device that stands for the leased devices."""

import os

import torch

from gpu_runtime.runner.attempt import Attempt, BadAttempt, Device
from gpu_runtime.runner.environment import thread_count


def choose_device(attempt: Attempt, local_rank: int = 0) -> torch.device:
    """Bind to the leased devices and to nothing else; of several GPUs, each process of this host takes its own.

    Raises:
        BadAttempt: the environment offers other devices than the attempt names.
    """
    _check_environment(attempt.devices)
    if attempt.backend == "cpu-emulated":
        torch.set_num_threads(thread_count())
        return torch.device("cpu")
    return _leased_gpu(attempt.devices[local_rank], local_rank)


def describe(attempt: Attempt) -> dict[str, object]:
    """The devices for the receipt; an emulated one is called that."""
    emulated = attempt.backend == "cpu-emulated"
    return {
        "devices": [vars(device) for device in attempt.devices],
        "emulated": emulated,
        "computed_on": f"CPU, {torch.get_num_threads()} threads; no GPU took part" if emulated else "GPU",
        "threads": torch.get_num_threads(),
        "attestation": "not attested",
    }


def _check_environment(devices: tuple[Device, ...]) -> None:
    named = os.environ.get("WRIT_DEVICES")
    expected = {device.uuid for device in devices}
    if named is not None and {item.strip() for item in named.split(",")} != expected:
        raise BadAttempt(f"WRIT_DEVICES is {named!r}; the attempt was leased {sorted(expected)}.")


def _leased_gpu(device: Device, number: int) -> torch.device:
    if not torch.cuda.is_available():
        raise BadAttempt(f"{device.uuid} was leased, but torch {torch.__version__} sees no GPU here.")
    found = f"GPU-{torch.cuda.get_device_properties(number).uuid}"
    if found != device.uuid:
        raise BadAttempt(f"{device.uuid} was leased, but CUDA shows {found}: check CUDA_VISIBLE_DEVICES.")
    torch.cuda.set_device(number)
    return torch.device("cuda", number)
