"""The attempt that the guard wrote into the run folder. Standard library only."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_runtime.trainer.config import ConfigError, TrainConfig

BACKENDS = ("cpu-emulated", "nvml")


class BadAttempt(ValueError):
    """The attempt cannot be run as it is written."""


@dataclass(frozen=True)
class Device:
    """One leased device."""

    uuid: str
    chip_model: str
    backend: str


@dataclass(frozen=True)
class Resume:
    """The checkpoint to go on from."""

    step: int
    name: str
    manifest_sha256: str


@dataclass(frozen=True)
class Meeting:
    """A gang over several hosts: how many, which of them this one is, and where they meet (`HOST:PORT`)."""

    hosts: int
    rank: int
    place: str
    name: str


@dataclass(frozen=True)
class Attempt:
    """What to run, on which devices, from where."""

    spec: Mapping[str, Any]
    config: TrainConfig
    devices: tuple[Device, ...]
    checkpoint_dir: Path
    resume: Resume | None
    meeting: Meeting | None = None

    @property
    def processes_here(self) -> int:
        """How many processes train on this host: one a GPU; one for all emulated devices, which share its cores."""
        return len(self.devices) if self.backend == "nvml" else 1

    @property
    def is_gang(self) -> bool:
        """Whether more than one process trains."""
        return self.meeting is not None or self.processes_here > 1

    @property
    def backend(self) -> str:
        """The devices' one backend."""
        return self.devices[0].backend


def read_attempt(run_dir: Path) -> Attempt:
    """Read RUN_DIR/attempt.json.

    Raises:
        BadAttempt: it is missing, malformed, or asks for what this runner cannot do.
    """
    path = run_dir / "attempt.json"
    try:
        document = json.loads(path.read_bytes())
        return _parse(document)
    except FileNotFoundError:
        raise BadAttempt(f"{path} is missing.") from None
    except json.JSONDecodeError as error:
        raise BadAttempt(f"{path} is not JSON: {error}.") from None
    except ConfigError as error:
        raise BadAttempt(f"The job's train-lm section cannot be run: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise BadAttempt(f"{path} is malformed: {type(error).__name__}: {error}.") from None


def _parse(document: Mapping[str, Any]) -> Attempt:
    spec = document["spec"]
    if "train_lm" not in spec:
        raise BadAttempt("The job has no train_lm section; this runner knows no other kind of work.")
    resume = document.get("resume")
    return Attempt(
        spec=spec,
        config=TrainConfig.from_spec(spec["train_lm"]),
        devices=_devices(document["devices"]),
        checkpoint_dir=Path(document["checkpoint_dir"]),
        resume=Resume(int(resume["step"]), _name(resume["name"]), resume["manifest_sha256"]) if resume else None,
        meeting=_meeting(document),
    )


def _meeting(document: Mapping[str, Any]) -> Meeting | None:
    hosts = int(document.get("world_size", 1))
    if hosts == 1:
        return None
    place = str(document.get("rendezvous") or "")
    if not re.fullmatch(r"[A-Za-z0-9.:_\[\]-]{1,253}:[0-9]{1,5}", place):
        raise BadAttempt(f"A gang of {hosts} hosts needs the place where they meet, as HOST:PORT; it has {place!r}.")
    return Meeting(hosts, int(document["rank"]), place, f"{document['job_ref']}-{document['number']}")


def _devices(entries: list[Mapping[str, str]]) -> tuple[Device, ...]:
    devices = tuple(Device(entry["uuid"], entry["chip_model"], entry["backend"]) for entry in entries)
    backends = {device.backend for device in devices}
    if len(backends) != 1 or not backends <= set(BACKENDS):
        raise BadAttempt(f"The devices must have one backend of {BACKENDS}; they have {sorted(backends)}.")
    return devices


def _name(name: str) -> str:
    """A checkpoint's folder name, which must not lead anywhere else."""
    if not name.startswith("step_") or not name[5:].isdigit():
        raise BadAttempt(f"{name!r} is no checkpoint's name.")
    return name
