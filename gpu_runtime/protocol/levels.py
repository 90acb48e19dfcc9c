"""Isolation levels: under which a team's own program may run, and under which the built-in trainer alone."""

COMMAND_LEVELS = frozenset({"own-user+pid-namespace", "own-user+cgroup"})
COMMAND_NEEDS = "own user, and own PID namespace or cgroup"


def admits_commands(level: str) -> bool:
    """Whether a host or attempt of this level may run a team's own program."""
    return level in COMMAND_LEVELS
