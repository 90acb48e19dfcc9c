"""The few Linux calls that Python's library lacks: namespaces, mounts, process controls.

Source: unshare(2), mount(2), prctl(2), capabilities(7). Each raises OSError with the kernel's reason.
"""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_SECUREBITS = 28
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECBIT_NOROOT_LOCKED = 0b11
_LAST_POSSIBLE_CAPABILITY = 63

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def _prctl(option: int, value: int, call: str) -> None:
    zero = ctypes.c_ulong(0)
    _check(_libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero), call)


def unshare(flags: int) -> None:
    """Leave the namespaces named in `flags` for new ones."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, filesystem: str | None, flags: int, data: str | None = None) -> None:
    """Mount a file system, or change how one is mounted."""
    kind = filesystem.encode() if filesystem else None
    options = data.encode() if data else None
    result = _libc.mount(os.fsencode(source), os.fsencode(target), kind, ctypes.c_ulong(flags), options)
    _check(result, f"mount {target}")


def set_parent_death_signal(number: int) -> None:
    """Have the kernel send this signal to the caller when its parent dies."""
    _prctl(_PR_SET_PDEATHSIG, number, "prctl(PR_SET_PDEATHSIG)")


def become_child_subreaper() -> None:
    """Orphans among the caller's descendants become its children, so that none gets away."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, "prctl(PR_SET_CHILD_SUBREAPER)")


def refuse_new_privileges() -> None:
    """No program that the caller or its descendants execute gains a right, set-user-id or not."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, "prctl(PR_SET_NO_NEW_PRIVS)")


def drop_capabilities_on_exec() -> None:
    """From the next exec on, user 0 is a user like any other: no capability, and none to be had."""
    _prctl(_PR_SET_SECUREBITS, _SECBIT_NOROOT_LOCKED, "prctl(PR_SET_SECUREBITS)")
    for capability in range(_LAST_POSSIBLE_CAPABILITY + 1):
        try:
            _prctl(_PR_CAPBSET_DROP, capability, "prctl(PR_CAPBSET_DROP)")
        except OSError:
            break
