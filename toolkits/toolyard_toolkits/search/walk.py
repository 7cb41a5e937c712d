"""Going through the files below a folder, in the order of their paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from toolyard_kernel.backends import Directory, Entry
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.names import Names, inside
from toolyard_toolkits.search.budget import Budget
from toolyard_toolkits.search.counting import counted
from toolyard_toolkits.search.globs import NOWHERE, Glob, State
from toolyard_toolkits.search.ignoring import REPOSITORY, Ignoring
from toolyard_toolkits.search.paths import FoundFile


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """An entry that is yet to be looked at: a file that was found, or a folder to enter."""

    names: Names
    size: int
    state: State
    inside: Ignoring | None
    """What is ignored in the folder that a folder is in; None for a file."""


@dataclass(slots=True, kw_only=True)
class Walk:
    """Finds the files below `start` that `glob` asks for. No link is followed, and no folder stays open.

    `files` goes on where it was left. `hidden`, `ignored` and `closed` count the entries that were passed over: names
    that begin with a `.` and that nothing asked for, what an ignore file leaves out, and folders that could not be
    opened.
    """

    start: Names
    glob: Glob
    budget: Budget
    hidden: int = 0
    ignored: int = 0
    closed: int = 0
    _waiting: list[_Waiting] = field(default_factory=list[_Waiting], init=False)
    _begun: bool = field(default=False, init=False)

    def files(self, root: Directory) -> Iterator[FoundFile]:
        """The files that are left, as long as the budget lasts.

        Raises:
            ToolError: the folder at `start` cannot be opened, or the call is over.
        """
        if not self._begun:
            self._begun = True
            self._begin(root)
        while self._waiting and not self.budget.spent:
            here = self._waiting.pop()
            if here.inside is None:
                yield FoundFile(names=here.names, size=here.size)
            else:
                self._enter(root, here, here.inside)

    def notes(self) -> Iterator[str]:
        """What was passed over, and how to search it."""
        if self.hidden:
            asked = "a glob pattern that names the `.` finds them, such as `.github/**`"
            yield f"[{counted(self.hidden, 'hidden entry', 'hidden entries')} passed over: {asked}]"
        if self.ignored:
            asked = "to search a folder in spite of that, give it as path="
            yield f"[{counted(self.ignored, 'entry', 'entries')} left out by .gitignore, .ignore or .rgignore: {asked}]"
        if self.closed:
            yield f"[{counted(self.closed, 'folder')} could not be opened]"

    def _begin(self, root: Directory) -> None:
        above = _above(root, self.start)
        with inside(root, self.start) as folder:
            self._visit(folder, self.start, self.glob.start, above)

    def _enter(self, root: Directory, here: _Waiting, above: Ignoring) -> None:
        try:
            with inside(root, here.names) as folder:
                self._visit(folder, here.names, here.state, above)
        except ToolError:
            self.budget.check()
            self.closed += 1

    def _visit(self, folder: Directory, names: Names, state: State, above: Ignoring | None) -> None:
        entries = list(self.budget.each(folder.entries()))
        present = frozenset(entry.name for entry in entries if entry.name.startswith("."))
        name = names[-1] if names else ""
        ignoring = above.inside(name, folder, present) if above else Ignoring.at_top(folder, present)
        wanted = [found for entry in entries if (found := self._wanted(entry, names, state, ignoring))]
        self._waiting += sorted(wanted, key=lambda found: found.names[-1], reverse=True)

    def _wanted(self, entry: Entry, above: Names, state: State, ignoring: Ignoring) -> _Waiting | None:
        folder = entry.kind == "folder"
        if not folder and entry.kind != "file":
            return None
        after = self.glob.after(state, entry.name)
        if not (after if folder else self.glob.found(after)):
            self.hidden += entry.name.startswith(".") and entry.name != REPOSITORY
            return None
        if ignoring.ignores(entry.name, folder=folder):
            self.ignored += 1
            return None
        self.budget.check()
        names = (*above, entry.name)
        if folder:
            return _Waiting(names=names, size=0, state=after, inside=ignoring)
        return _Waiting(names=names, size=entry.size, state=NOWHERE, inside=None)


def _above(root: Directory, start: Names) -> Ignoring | None:
    """What the folders above `start` ignore below it; nothing of it counts where `start` itself is ignored."""
    ignoring: Ignoring | None = None
    for depth, name in enumerate(start):
        with inside(root, start[:depth]) as folder:
            present = frozenset(entry.name for entry in folder.entries() if entry.name.startswith("."))
            above = start[depth - 1] if depth else ""
            ignoring = ignoring.inside(above, folder, present) if ignoring else Ignoring.at_top(folder, present)
        if ignoring.ignores(name, folder=True):
            return None
    return ignoring
