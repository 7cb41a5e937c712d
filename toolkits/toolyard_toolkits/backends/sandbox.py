"""The backend `sandbox`: this machine, inside bubblewrap."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path

from toolyard_kernel.backends import Command, Completed
from toolyard_toolkits.backends.directory import LocalDirectory
from toolyard_toolkits.backends.local import LocalBackend


class SandboxBackend:
    """Folders of this machine, and commands that see nothing else of it but the system's programs.

    Inside, the folder is `/workspace`. A command that names no `Confinement` is held to the strictest.
    """

    name = "sandbox"
    confines = True

    def __init__(self) -> None:
        self._local = LocalBackend()

    @property
    def missing(self) -> str | None:
        """It is found out once, by running a sandbox, which takes some 20 ms."""
        from toolyard_toolkits.backends.sandboxed import why_missing  # noqa: PLC0415 - start-up runs no command

        return why_missing()

    def open(self, folder: Path) -> AbstractContextManager[LocalDirectory]:
        return self._local.open(folder)

    async def run(self, command: Command) -> Completed:
        from toolyard_toolkits.backends.sandboxed import run_sandboxed  # noqa: PLC0415 - start-up runs no command

        return await run_sandboxed(command)

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return self._local.lifespan()
