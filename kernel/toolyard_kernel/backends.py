"""Where tools execute: a backend opens folders and runs commands, here or elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Literal, Protocol

from toolyard_kernel.errors import ConfigError

GROUP = "toolyard.backends"

Kind = Literal["file", "folder", "link", "FIFO", "socket", "device"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in a folder. `size` is in bytes; `target` is what a link says, wherever that leads."""

    name: str
    kind: Kind
    size: int
    target: str | None = None


class Directory(Protocol):
    """An open folder, and whatever is below it; nothing outside of it is ever reached.

    A path is relative to it, with `/` between its names. `..`, absolute paths and symbolic links that lead out are
    refused, also when somebody changes the folder meanwhile. Methods block, and raise `ToolError` with a message that
    names the path as it was given, `NothingThere` where there is nothing.
    """

    def file(self, path: str) -> AbstractContextManager[BinaryIO]:
        """The regular file at `path`, unbuffered and seekable, to be read."""
        ...

    def folder(self, path: str) -> AbstractContextManager[Directory]:
        """The folder at `path`."""
        ...

    def entries(self) -> Iterator[Entry]:
        """What is in this folder, in no order; one that goes away meanwhile is left out."""
        ...

    def write(self, path: str, content: bytes, *, replace: bool, expected: bytes | None = None) -> bool:
        """Make the file at `path` hold `content`, all of it or nothing; folders on the way are made.

        Without `replace` there must be nothing at `path` yet, and with it, nothing or a regular file. With `expected`
        the file must be there and hold just this until it is replaced. The answer is whether a file was replaced.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What a confined command may do besides reading its folder: change it, and reach the network."""

    writable: bool = False
    network: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command to run in `folder`, with `environment` and no other variable but those the backend itself needs.

    It has no stdin. After `timeout` seconds it is killed, with everything it started. Of each stream the first and the
    last bytes are kept, `output_bytes` in all. `confinement` of None runs it as the server's own user, unconfined.
    """

    argv: tuple[str, ...]
    folder: Path
    timeout: float
    output_bytes: int
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    confinement: Confinement | None = None
    merged: bool = False
    """Whether stderr goes into stdout, in the order it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What is kept of a stream of `total` bytes: all of it in `head`, or its beginning and, in `tail`, its end."""

    head: bytes = b""
    tail: bytes = b""
    total: int = 0

    @property
    def left_out(self) -> int:
        return self.total - len(self.head) - len(self.tail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a command ended. `exit_code` is negative for the signal that ended it; `duration` is in seconds.

    `stopped` says why it was killed, if it was: it ran too long, wrote too much, or started too many processes.
    """

    exit_code: int
    duration: float
    output: Captured
    errors: Captured = Captured()
    stopped: Literal["timeout", "output", "processes"] | None = None


class Backend(Protocol):
    """Where tools execute. `confines` says whether it can hold a command to a `Confinement`.

    `missing` says why nothing can be run here, and how to change that; None when all is well.
    """

    @property
    def name(self) -> str: ...
    @property
    def confines(self) -> bool: ...
    @property
    def missing(self) -> str | None: ...

    def open(self, folder: Path) -> AbstractContextManager[Directory]:
        """The folder, opened anew. Raises `ToolError` when it is gone."""
        ...

    async def run(self, command: Command) -> Completed:
        """Run a command to its end. When this is cancelled, all that it started is killed first.

        Raises:
            ToolError: it cannot be run at all, or not within its confinement.
        """
        ...

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        """Entered before the first call and left after the last, by each toolkit that runs here."""
        ...


def load_backend(name: str) -> Backend:
    """The backend that an installed distribution offers as `name` in the entry point group `toolyard.backends`.

    Raises:
        ConfigError: there is none, or it cannot be loaded.
    """
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        raise ConfigError(f"no backend is named {name!r}; installed: {', '.join(sorted(found)) or 'none'}")
    try:
        factory: Callable[[], Backend] = found[name].load()
        return factory()
    except Exception as error:  # whatever a foreign package raises
        raise ConfigError(f"backend {name!r} cannot be loaded: {type(error).__name__}: {error}") from error
