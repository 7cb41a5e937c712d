"""A backend that is as small as one can be: folders in memory. A pattern for authors of others."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from toolyard_kernel.backends import Command, Completed, Directory, Entry
from toolyard_kernel.errors import NothingThere, ToolError

FOLDERS: dict[Path, dict[str, bytes]] = {}
"""What the files in each folder hold, by their paths; folders in it are in their paths only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryDirectory:
    """The files whose paths begin with `prefix`."""

    files: dict[str, bytes]
    prefix: str = ""

    @contextmanager
    def file(self, path: str) -> Generator[BinaryIO]:
        if self._is_folder(path):
            raise ToolError(f"{path}: this is a folder")
        if self._full(path) not in self.files:
            raise NothingThere(f"{path}: there is no such file")
        yield cast("BinaryIO", io.BytesIO(self.files[self._full(path)]))

    @contextmanager
    def folder(self, path: str) -> Generator[Directory]:
        if not self._is_folder(path):
            raise NothingThere(f"{path}: there is no such folder")
        full = self._full(path)
        yield MemoryDirectory(files=self.files, prefix=f"{full}/" if full else "")

    def entries(self) -> Iterator[Entry]:
        below = {path.removeprefix(self.prefix): content for path, content in self.files.items()
                 if path.startswith(self.prefix)}  # fmt: skip
        for name in sorted({path.partition("/")[0] for path in below}):
            if name in below:
                yield Entry(name=name, kind="file", size=len(below[name]))
            else:
                yield Entry(name=name, kind="folder", size=0)

    def write(self, path: str, content: bytes, *, replace: bool, expected: bytes | None = None) -> bool:
        if self._is_folder(path):
            raise ToolError(f"{path}: this is a folder")
        there = self.files.get(self._full(path))
        if there is not None and not replace:
            raise ToolError(f"{path}: there is a file here already")
        if expected is not None and there != expected:
            raise ToolError(f"{path}: this file was changed by somebody else meanwhile; read it again")
        self.files[self._full(path)] = content
        return there is not None

    def _full(self, path: str) -> str:
        names = [name for name in path.split("/") if name not in ("", ".")]
        if ".." in names or path.startswith("/"):
            raise ToolError(f"{path}: this leads out of the root folder")
        return self.prefix + "/".join(names)

    def _is_folder(self, path: str) -> bool:
        full = self._full(path)
        return not full or any(each.startswith(f"{full}/") for each in self.files)


class MemoryBackend:
    """Folders in memory, and no commands."""

    name = "memory"
    confines = False
    missing: str | None = None

    @contextmanager
    def open(self, folder: Path) -> Generator[Directory]:
        if folder not in FOLDERS:
            raise ToolError(f"{folder} is not in memory")
        yield MemoryDirectory(files=FOLDERS[folder])

    async def run(self, command: Command) -> Completed:
        raise ToolError("no command can be run in memory")

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()
