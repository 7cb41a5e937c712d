"""Another backend than this machine is searched in the same way, through the Protocol alone."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.toolkits.search.yard import door, found_in
from toolyard_kernel.backends import Captured, Command, Completed, Entry
from toolyard_kernel.errors import ToolError

pytestmark = pytest.mark.anyio

TREE = {
    "notes.txt": b"alpha\n",
    "src/a.py": b"import alpha\n",
    "src/.gitignore": b"*.log\n",
    "src/b.log": b"alpha\n",
    "src/x/c.py": b"beta\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A folder that is only in memory: what is below `prefix` in `files`."""

    files: dict[str, bytes]
    prefix: str = ""

    @contextmanager
    def file(self, path: str) -> Generator[BinaryIO]:
        if (content := self.files.get(f"{self.prefix}{path}")) is None:
            raise ToolError(f"{path}: there is no such file")
        yield io.BytesIO(content)

    @contextmanager
    def folder(self, path: str) -> Generator[Memory]:
        below = self.prefix if path == "." else f"{self.prefix}{path}/"
        if not any(name.startswith(below) for name in self.files):
            raise ToolError(f"{path}: there is no such folder")
        yield Memory(files=self.files, prefix=below)

    def entries(self) -> Iterator[Entry]:
        below = [name.removeprefix(self.prefix) for name in self.files if name.startswith(self.prefix)]
        for folder in {name.split("/")[0] for name in below if "/" in name}:
            yield Entry(name=folder, kind="folder", size=0)
        yield from (Entry(name=name, kind="file", size=1) for name in below if "/" not in name)

    def write(self, path: str, content: bytes, *, replace: bool, expected: bytes | None = None) -> bool:
        raise ToolError("nothing is written here")


@dataclass(slots=True, kw_only=True)
class Elsewhere:
    """A backend that answers every command with `completed`, or cannot run any."""

    completed: Completed | None = None
    confines: bool = False
    ran: list[Command] = field(default_factory=list[Command])
    name: str = "elsewhere"
    missing: str | None = None

    @contextmanager
    def open(self, folder: Path) -> Generator[Memory]:
        yield Memory(files=TREE)

    async def run(self, command: Command) -> Completed:
        self.ran.append(command)
        if self.completed is None:
            raise ToolError("nothing is run here")
        return self.completed

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()


def ended(exit_code: int, output: bytes = b"", *, total: int | None = None, stopped: bool = False) -> Completed:
    captured = Captured(head=output, total=len(output) if total is None else total)
    return Completed(exit_code=exit_code, duration=0, output=captured, stopped="timeout" if stopped else None)


ALL = ["notes.txt", "1:alpha", "src/a.py", "1:import alpha"]


async def test_another_backend_is_searched_through_its_folders(root: Path) -> None:
    there = door(root, backend=Elsewhere())
    assert found_in(await there.grep("alp.a")) == ALL
    assert found_in(await there.glob("**/*.py")) == ["src/a.py", "src/x/c.py"]
    assert found_in(await there.grep("alpha", path="src")) == ["src/a.py", "1:import alpha"]


async def test_nothing_is_run_where_nothing_is_confined(root: Path) -> None:
    backend = Elsewhere(completed=ended(1))
    assert found_in(await door(root, backend=backend, ripgrep=True).grep("alpha")) == ALL
    assert not backend.ran


@pytest.mark.parametrize(
    "completed",
    [
        None,
        ended(127),
        ended(2, b"./src/x/c.py\0"),
        ended(-9),
        ended(0, b"", total=10),
        ended(1, stopped=True),
        ended(0, b"garbage ./src/a.py\n./src/a.py\0/etc/passwd\0../x\0./src/a.py\0./src/b.log\0"),
    ],
    ids=["not run", "missing", "failed", "killed", "cut off", "stopped", "odd names"],
)
async def test_a_ripgrep_that_fails_or_tells_nonsense_changes_no_answer(
    root: Path, completed: Completed | None
) -> None:
    backend = Elsewhere(completed=completed, confines=True)
    assert found_in(await door(root, backend=backend, ripgrep=True).grep("alpha")) == ALL
    assert backend.ran


async def test_a_missing_ripgrep_is_not_looked_for_again(root: Path) -> None:
    backend = Elsewhere(completed=ended(127), confines=True)
    there = door(root, backend=backend, ripgrep=True)
    for _ in range(3):
        assert found_in(await there.grep("alpha")) == ALL
    assert len(backend.ran) == 1


async def test_what_ripgrep_says_is_missing_is_not_opened(root: Path) -> None:
    """The measure of its worth: only what may match is read."""
    backend = Elsewhere(completed=ended(1), confines=True)
    assert found_in(await door(root, backend=backend, ripgrep=True).grep("import")) == []
