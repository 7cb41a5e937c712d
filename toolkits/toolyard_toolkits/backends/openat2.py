"""Linux's `openat2`: the kernel itself resolves a path and never leaves the folder it starts from."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from toolyard_toolkits.backends.special import check_kind

if sys.platform != "linux":
    raise ImportError("openat2 is a system call of Linux")

SYS_OPENAT2 = 437
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_BENEATH = 0x08
ATTEMPTS = 16

_MISSING = (errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EINVAL)


class _How(ctypes.Structure):
    """`struct open_how` of linux/openat2.h."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_beneath(folder: int, path: str, flags: int) -> int:
    """Open `path` below the descriptor `folder`; symbolic links count as long as they stay below it.

    Raises:
        SpecialFileError: it is a FIFO, a socket or a device.
        OSError: `EXDEV` when the path leads out, `ELOOP` for a link of /proc, otherwise as `os.open`.
    """
    if not flags & os.O_DIRECTORY:
        found = _open(folder, path, os.O_PATH | os.O_CLOEXEC)
        try:
            check_kind(os.fstat(found).st_mode)
        finally:
            os.close(found)
    return _open(folder, path, flags)


def is_supported(folder: int) -> bool:
    """Whether this kernel has the call (5.6 and later) and no sandbox forbids it.

    Raises:
        OSError: it cannot be told now, as when too many files are open.
    """
    try:
        os.close(_open(folder, ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        if error.errno in _MISSING:
            return False
        raise
    return True


def _open(folder: int, path: str, flags: int) -> int:
    how = _How(flags=flags, resolve=RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
    code = 0
    for _ in range(ATTEMPTS):
        opened = _syscall()(SYS_OPENAT2, folder, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how))
        if opened >= 0:
            return int(opened)
        code = ctypes.get_errno()
        if code not in (errno.EAGAIN, errno.EINTR):  # EAGAIN: something was renamed while the kernel looked at a `..`
            break
    raise OSError(code, os.strerror(code))


@cache
def _syscall() -> Callable[..., Any]:
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_How), ctypes.c_size_t)
    call.restype = ctypes.c_long
    return call
