"""The two clocks of a guard: one that counts, one that is only written down."""

import time
from datetime import UTC, datetime
from pathlib import Path


def boottime_ms() -> int:
    """Milliseconds since the host started, suspended time included (CLOCK_BOOTTIME). Leases count on it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def utc_now_text() -> str:
    """The wall clock as ISO 8601 in UTC, for the record; nothing is ever decided by it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def boot_id() -> str:
    """The kernel's name for this start of the host; it changes when the host restarts."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
