"""References that every process of one state folder reads."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.errors import UnknownName
from toolyard_kernel.references.store import LASTS
from toolyard_kernel.whole_files import replace_file

MOST = 256 * 1024 * 1024
"""Bytes that are kept of all callers together; the oldest go first."""
ID = re.compile(r"ref_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReferences:
    """Texts as files of mode 0600 below `folder`, one folder for each caller; a file's time is when it was kept."""

    folder: Path
    clock: Callable[[], float] = time.time
    most: int = MOST

    async def keep(self, caller: Caller, text: str) -> str:
        id = f"ref_{_digest(caller.tenant, text)}"
        await to_thread.run_sync(self._write, self._path(caller, id), text)
        return id

    async def text(self, caller: Caller, id: str) -> str:
        found = await to_thread.run_sync(self._read, self._path(caller, id)) if ID.fullmatch(id) else None
        if found is None:
            raise UnknownName(f"there is no reference {id!r}, or its time is over")
        return found

    def _path(self, caller: Caller, id: str) -> Path:
        return self.folder / _digest(caller.tenant, caller.principal) / id

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, text.encode(errors="replace").decode())
        now = self.clock()
        os.utime(path, (now, now))
        self._sweep(now)

    def _read(self, path: Path) -> str | None:
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return file.read() if self._lasts(os.fstat(file.fileno()).st_mtime, self.clock()) else None
        except FileNotFoundError:
            return None

    def _sweep(self, now: float) -> None:
        kept = sorted(_kept(self.folder))
        size = sum(each for _, each, _ in kept)
        for when, each, path in kept:  # the oldest first
            if size <= self.most and self._lasts(when, now):
                return
            path.unlink(missing_ok=True)
            size -= each

    def _lasts(self, kept: float, now: float) -> bool:
        return now < kept + LASTS


def _kept(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each reference was kept, its size, and its file."""
    for path in folder.glob("*/ref_*"):
        with suppress(FileNotFoundError):  # another process sweeps too
            stat = path.stat()
            yield stat.st_mtime, stat.st_size, path


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
