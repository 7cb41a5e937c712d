"""The backend `local`: this machine, as the server's own user."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path

from toolyard_kernel.backends import Command, Completed
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends.directory import LocalDirectory, opened
from toolyard_toolkits.backends.refusals import root_gone


class LocalBackend:
    """Folders and commands of this machine. It cannot confine a command."""

    name = "local"
    confines = False
    missing: str | None = None

    def __init__(self, *, openat2: bool = True) -> None:
        """`openat2=False` never follows a symbolic link, not even one that stays below its folder."""
        self._openat2 = openat2

    @contextmanager
    def open(self, folder: Path) -> Generator[LocalDirectory]:
        with ExitStack() as stack:
            try:
                directory = stack.enter_context(opened(folder, openat2=self._openat2))
            except (OSError, ValueError) as error:
                raise root_gone() from error
            yield directory

    async def run(self, command: Command) -> Completed:
        if command.confinement is not None:
            raise ToolError(f"the backend {self.name!r} cannot confine a command; use `sandbox`")
        from toolyard_toolkits.backends.supervised import run_supervised  # noqa: PLC0415 - start-up runs no command

        return await run_supervised(command)

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()
