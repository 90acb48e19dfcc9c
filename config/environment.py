"""Reads settings from the environment, and gathers every fault so that one start names them all."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


@dataclass
class Environment:
    """The process environment, read with defaults and limits.

    Attributes:
        values: the variables, normally ``os.environ``.
        faults: what is wrong so far, one sentence each.
    """

    values: Mapping[str, str] = field(default_factory=lambda: os.environ)
    faults: list[str] = field(default_factory=list)

    def text(self, name: str, default: str = "", *, required: bool = False) -> str:
        """A piece of text; a missing required one is a fault."""
        value = self.values.get(name, "") or default
        if required and not value:
            self.faults.append(f"{name} is not set, and WRIT_ENV=production needs it.")
        return value

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number within [low, high]."""
        raw = self.values.get(name, "")
        if not raw:
            return default
        if not re.fullmatch(r"-?\d+", raw) or not low <= int(raw) <= high:
            self.faults.append(f"{name}={raw!r} must be a whole number from {low} to {high}.")
            return default
        return int(raw)

    def flag(self, name: str, default: bool = False) -> bool:
        """A yes or a no."""
        raw = self.values.get(name)
        if raw is None:
            return default
        if raw.lower() not in _TRUE | _FALSE:
            self.faults.append(f"{name}={raw!r} must be 1 or 0.")
        return raw.lower() in _TRUE

    def choice(self, name: str, default: str, *, among: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.values.get(name, "") or default
        if value not in among:
            self.faults.append(f"{name}={value!r} must be one of {', '.join(among)}.")
            return default
        return value

    def words(self, name: str, default: tuple[str, ...] = (), *, required: bool = False) -> list[str]:
        """A list of words, separated by commas."""
        raw = self.text(name, ",".join(default), required=required)
        return [word.strip() for word in raw.split(",") if word.strip()]

    def path(self, name: str, default: Path) -> Path:
        """A file or folder, made absolute."""
        return Path(self.values.get(name) or default).expanduser().absolute()

    def stop_if_faulty(self) -> None:
        """Raises ImproperlyConfigured that lists every fault found."""
        if self.faults:
            lines = "\n".join(f"  - {fault}" for fault in self.faults)
            raise ImproperlyConfigured(f"Writ cannot start with this configuration:\n{lines}")
