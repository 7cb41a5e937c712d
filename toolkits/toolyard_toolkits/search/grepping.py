"""One call of `grep`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from toolyard_kernel.backends import Directory
from toolyard_kernel.calls.workers import Job, Workers
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends.refusals import named, refusal
from toolyard_toolkits.names import Names
from toolyard_toolkits.roots import Root
from toolyard_toolkits.search.blocks import BinaryFileError, blocks
from toolyard_toolkits.search.budget import Budget
from toolyard_toolkits.search.counting import counted
from toolyard_toolkits.search.found_lines import FoundLines
from toolyard_toolkits.search.globs import Glob
from toolyard_toolkits.search.matching import Matches
from toolyard_toolkits.search.paths import FoundFile, is_folder, names_of, opened
from toolyard_toolkits.search.patterns import Pattern
from toolyard_toolkits.search.ripgrep import LEAST_FILES, Ripgrep
from toolyard_toolkits.search.walk import Walk

BATCH_FILES, BATCH_BYTES = 4000, 256 * 1024 * 1024
BATCH_NAMES = 256 * 1024
"""Bytes of the paths that ripgrep is given at once: a command line has to hold them."""

Batch = Sequence[FoundFile]


@dataclass(slots=True, kw_only=True)
class Grepping:
    """Looks for `pattern` in the files that `glob` asks for below `path`, or in the one file there."""

    root: Root
    path: str
    pattern: Pattern
    glob: Glob
    context: int
    found: FoundLines
    budget: Budget
    _walk: Walk | None = field(default=None, init=False)
    _files: int = field(default=0, init=False)
    _unreadable: int = field(default=0, init=False)

    async def answer(self, workers: Workers, ripgrep: Ripgrep | None) -> str:
        """
        Raises:
            ToolError: the path cannot be searched, or the call is over.
        """
        ripgrep = ripgrep if self.pattern.loose is not None else None
        batch: Batch | None = ()
        while batch is not None:
            candidates: Batch | None = batch
            if ripgrep and batch and self.pattern.loose is not None:
                candidates = await ripgrep.candidates(batch, self.pattern.loose, timeout=self.budget.left)
            ripgrep = ripgrep if candidates is not None else None
            step = partial(self._step, batch if candidates is None else candidates, ripgrep)
            batch = await workers.run(Job(step))
        return self._said()

    def _step(self, files: Batch, ripgrep: Ripgrep | None) -> Batch | None:
        """Search `files` and what comes then, up to a batch for which ripgrep is worth it: that is returned."""
        with self.root.open() as root:
            if self._walk is None and not self._begin(root):
                return None
            self._search(root, files)
            while not self._over:
                begins = self._files == 0  # what is common is found before ripgrep has even started
                few = ripgrep.least if ripgrep else LEAST_FILES
                batch = self._next(root, BATCH_FILES if ripgrep and not begins else few)
                if not batch or (ripgrep and not begins and ripgrep.is_worth_it(batch)):
                    return batch or None
                self._search(root, batch)
        return None

    @property
    def _over(self) -> bool:
        return self.found.full or self.budget.spent

    def _begin(self, root: Directory) -> bool:
        """Whether the path is a folder; if it is a file, it is searched."""
        if is_folder(root, self.path):
            self._walk = Walk(start=names_of(self.path), glob=self.glob, budget=self.budget)
            return True
        self._files = 1
        if not self._search_file(root, names_of(self.path)):
            reason = "this is a binary file or UTF-16 without a mark, and only text is searched"
            raise refusal(self.path, f"{reason}; search another file")
        return False

    def _next(self, root: Directory, most: int) -> Batch:
        batch: list[FoundFile] = []
        size = names = 0
        for file in self._walk.files(root) if self._walk else ():
            batch.append(file)
            size += file.size
            names += sum(4 * len(name) + 1 for name in file.names)
            if len(batch) >= most or size >= BATCH_BYTES or names >= BATCH_NAMES:
                break
        self._files += len(batch)
        return batch

    def _search(self, root: Directory, files: Batch) -> None:
        for file in files:
            if self._over:
                return
            self._search_file(root, file.names)

    def _search_file(self, root: Directory, names: Names) -> bool:
        """Whether it is text; one that cannot be opened is counted."""
        matches = Matches(regexp=self.pattern.regexp, context=self.context, most=self.found.left)
        try:
            with opened(root, names) as file:
                for block in blocks(file, self.pattern.longest_line):
                    if self.budget.spent or not matches.feed(block):
                        break
        except BinaryFileError:
            return False
        except ToolError:
            self.budget.check()
            self._unreadable += 1
            return True
        self.found.add(names, matches)
        return True

    def _said(self) -> str:
        if self.found.matches or self.found.full:
            lines = [self.found.header, *self.found.lines]
        else:
            lines = [self._nothing(), *(self._walk.notes() if self._walk else ())]
        unreadable = [f"[{counted(self._unreadable, 'file')} could not be read]"] * bool(self._unreadable)
        return "\n".join([*lines, *unreadable, *self.found.notes(), *self.budget.notes()])

    def _nothing(self) -> str:
        where = "the root folder" if self.path == "." else named(self.path)
        return f"no line matches `{named(self.pattern.text)}`: {counted(self._files, 'file')} searched in {where}"
