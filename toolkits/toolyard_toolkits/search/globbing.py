"""One call of `glob`."""

from __future__ import annotations

from dataclasses import dataclass

from toolyard_kernel.backends import Directory
from toolyard_toolkits.backends.refusals import named, visible
from toolyard_toolkits.search.budget import Budget
from toolyard_toolkits.search.counting import counted
from toolyard_toolkits.search.globs import Glob
from toolyard_toolkits.search.paths import names_of
from toolyard_toolkits.search.walk import Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Globbing:
    """Finds up to `most` files below `path` that `glob` asks for, in about `room` bytes."""

    path: str
    text: str
    glob: Glob
    most: int
    room: int
    budget: Budget

    def answer(self, root: Directory) -> str:
        """
        Raises:
            ToolError: the path is no folder, or the call is over.
        """
        with root.folder(self.path):
            walk = Walk(start=names_of(self.path), glob=self.glob, budget=self.budget)
        lines: list[str] = []
        room, stopped = self.room, ""
        for file in walk.files(root):
            line = visible("/".join(file.names))
            room -= len(line.encode(errors="replace")) + 1
            if len(lines) == self.most or room < 0:
                stopped = f"max_results={self.most}" if len(lines) == self.most else "the size of an answer"
                break
            lines.append(line)
        if not lines:
            return "\n".join([self._nothing(), *walk.notes(), *self.budget.notes()])
        more = [f"[stopped at {stopped}: there are more; narrow the search with a longer pattern or with path=]"]
        return "\n".join([counted(len(lines), "file"), *lines, *more * bool(stopped), *self.budget.notes()])

    def _nothing(self) -> str:
        where = "the root folder" if self.path == "." else named(self.path)
        hint = (
            ""
            if "/" in self.text or self.text == "**"
            else f"; `**/{named(self.text)}` looks in the folders below, too"
        )
        return f"no file matches `{named(self.text)}` in {where}{hint}"
