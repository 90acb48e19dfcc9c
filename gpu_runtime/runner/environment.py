"""What must be set before torch is imported. Standard library only."""

import ctypes
import os
import warnings

THREADS_MOST = 2
# mallopt's names for what it sets, from glibc's malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
KEPT_BYTES = 1 << 30
PADDED_BYTES = 1 << 26


def thread_count() -> int:
    """Threads to compute with: two at most, for emulated devices share the host's cores; fewer where asked."""
    available = len(os.sched_getaffinity(0))
    asked = os.environ.get("OMP_NUM_THREADS", "")
    wanted = int(asked) if asked.isdigit() and int(asked) > 0 else THREADS_MOST
    return max(1, min(THREADS_MOST, available, wanted))


def prepare() -> None:
    """Keep freed memory, and let idle threads sleep: other processes use the same cores."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for name, value in (
        (M_TRIM_THRESHOLD, KEPT_BYTES),
        (M_MMAP_THRESHOLD, KEPT_BYTES),
        (M_TOP_PAD, PADDED_BYTES),
    ):
        mallopt(name, value)
