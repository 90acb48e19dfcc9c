"""How a guard comes to stand on a host: the port that every launcher honours."""

from pathlib import Path
from typing import Protocol


class LaunchFailed(Exception):
    """No guard stands: it did not start, or did not open its desk in time."""


class Launcher(Protocol):
    """Starts guards that outlive the agent."""

    def launch(self, folder: Path) -> None:
        """Start a guard over the order in this folder, and return when its desk is open.

        Raises:
            LaunchFailed: if it does not come to that; nothing is left behind then.
        """

    def forget(self, folder: Path) -> None:
        """Clear away what the launcher itself may have left of an attempt that is over."""


__all__ = ["LaunchFailed", "Launcher"]
