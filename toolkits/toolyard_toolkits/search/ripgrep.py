"""ripgrep, which looks faster through many files than Python can.

It never finds a line that is shown: it only says which of the files that it is given may hold one, and those are then
opened and searched as if it had not been there. So the answers are the same with it and without it, and what it sees,
whatever a link in the folder points to by then, reaches no answer. It runs where a backend confines it, nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from toolyard_kernel.backends import Backend, Command, Completed, Confinement, load_backend
from toolyard_kernel.errors import ConfigError, ToolError
from toolyard_toolkits.search.paths import FoundFile

FLAGS = (
    "--no-config",
    "--files-with-matches",
    "--null",
    "--text",  # binary files, too: a file is judged when it is opened
    "--no-unicode",
    "--no-pre",
    "--no-search-zip",
    "--color=never",
    "--no-messages",
    "--engine=default",
)
ENVIRONMENT = MappingProxyType({"PATH": "/usr/local/bin:/usr/bin:/bin"})

LEAST_FILES = 200
USUAL_SIZE = 20_000

LONGEST_OUTPUT = 4 * 1024 * 1024
FOUND, NOTHING_FOUND = 0, 1
NO_PROGRAM = (126, 127)


@dataclass(slots=True, kw_only=True)
class Ripgrep:
    """`backend` is one that confines. `missing` says that there is no ripgrep where it runs commands.

    It is worth its start, confined, for `least` files, or for fewer that are larger than usual.
    """

    backend: Backend
    folder: Path
    least: int = LEAST_FILES
    missing: bool = field(default=False, init=False)

    @classmethod
    def of(cls, backend: Backend, folder: Path, least: int = LEAST_FILES) -> Ripgrep | None:
        """ripgrep for a folder on `backend`; None where nothing could confine it."""
        try:
            confining = load_backend("sandbox") if backend.name == "local" else backend
            return cls(backend=confining, folder=folder, least=least) if confining.confines else None
        except ConfigError:
            return None

    def is_worth_it(self, files: Sequence[FoundFile]) -> bool:
        return len(files) >= self.least or sum(file.size for file in files) >= self.least * USUAL_SIZE

    async def candidates(
        self, files: Sequence[FoundFile], pattern: str, *, timeout: float
    ) -> Sequence[FoundFile] | None:
        """The files that may hold what `pattern` is looser than, in their order; None when it cannot be told."""
        if self.missing or timeout <= 0:
            return None
        by_path = {os.fsencode("./" + "/".join(file.names)): file for file in files}
        command = Command(
            argv=("rg", *FLAGS, f"--regexp={pattern}", "--", *map(os.fsdecode, by_path)),
            folder=self.folder,
            timeout=timeout,
            output_bytes=LONGEST_OUTPUT,
            environment=ENVIRONMENT,
            confinement=Confinement(),
        )
        try:
            completed = await self.backend.run(command)
        except ToolError:
            return None
        self.missing = completed.exit_code in NO_PROGRAM
        paths = _paths(completed)
        return None if paths is None else [file for path, file in by_path.items() if path in paths]


def _paths(completed: Completed) -> frozenset[bytes] | None:
    """The paths that it printed, if it looked into every file."""
    whole = completed.stopped is None and not completed.output.left_out
    if not whole or completed.exit_code not in (FOUND, NOTHING_FOUND):
        return None
    return frozenset(completed.output.head.split(b"\0"))
