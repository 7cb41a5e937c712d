"""FIFOs, sockets and devices: opening one can already do something, such as end its writer or start a watchdog."""

from __future__ import annotations

import errno
import stat
from typing import Literal

Special = Literal["FIFO", "socket", "device"]

_KINDS: dict[int, Special] = {
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


class SpecialFileError(OSError):
    """A path leads to something that is no file, folder or link; `kind` says to what."""

    def __init__(self, kind: str) -> None:
        super().__init__(errno.ENXIO, f"a {kind}")
        self.kind = kind


def kind_of(mode: int) -> Special | None:
    """What a special file is, by its `st_mode`."""
    return _KINDS.get(stat.S_IFMT(mode))


def check_kind(mode: int) -> None:
    """Raise `SpecialFileError` for the `st_mode` of one."""
    if kind := kind_of(mode):
        raise SpecialFileError(kind)
