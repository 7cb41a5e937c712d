"""The toolkit `search`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, ClassVar

from pydantic import Field

from toolyard_kernel.backends import Backend
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.workers import Workers
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import Tool
from toolyard_toolkits.roots import Root, RootSettings
from toolyard_toolkits.search.ripgrep import LEAST_FILES, Ripgrep

Context = Annotated[int, Field(ge=0, le=100)]
Most = Annotated[int, Field(ge=1, le=10_000)]


class SearchToolkit:
    """Tools that search the files below one folder. Nothing stays open between calls."""

    Settings: ClassVar[type[RootSettings]] = RootSettings
    name = "search"

    def __init__(
        self,
        settings: RootSettings,
        /,
        *,
        backend: Backend | None = None,
        ripgrep: bool = True,
        ripgrep_from: int = LEAST_FILES,
    ) -> None:
        """`backend` takes the place of the one that the settings name.

        Without `ripgrep` it is never run; with it, for `ripgrep_from` files at once or more, for which it is faster.

        Raises:
            ConfigError: there is no such backend, or the root is missing, is no folder, or may not be read.
        """
        self._root = Root.of(settings, backend)
        self._ripgrep = Ripgrep.of(self._root.backend, self._root.folder, ripgrep_from) if ripgrep else None

    def tools(self) -> Sequence[Tool]:
        return (_grep(self._root, self._ripgrep), _glob(self._root))

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[object]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._root.backend.lifespan())
            if self._ripgrep and self._ripgrep.backend is not self._root.backend:
                await stack.enter_async_context(self._ripgrep.backend.lifespan())
            yield self


def _grep(root: Root, ripgrep: Ripgrep | None) -> Tool:
    workers = Workers()

    @tool(effects=["files.read"], wire=False)
    async def grep(
        ctx: ToolContext,
        *,
        pattern: str,
        path: str = ".",
        glob: str | None = None,
        ignore_case: bool = False,
        context: Context = 0,
        max_matches: Most = 100,
    ) -> str:
        """Find the lines that match a regular expression in the text files below the root folder.

        Choose this to find out where something is said, defined or used; `glob` finds files by their names, and
        `read` shows more of a file. The answer has, for each file in the order of the paths, its path and then its
        matching lines, as `12:text` for line 12. Hidden files and folders, what .gitignore, .ignore and .rgignore leave
        out, symbolic links and binary files are not searched. The last lines say what was left out, and how to get it.

        Args:
            pattern: A regular expression in the syntax of RE2, which is matched within each line: `def \\w+\\(`,
                `^import`, `TODO|FIXME`, `(?i)error`. Write `\\(`, `\\.`, `\\[`, `\\{` for the characters themselves.
                There are no look-arounds and no backreferences; `\\w`, `\\d`, `\\s` and `\\b` know ASCII alone. Of a
                line longer than a megabyte, the first megabyte is searched, or less with a very large pattern.
            path: The folder or the file to search, relative to the root folder. A folder that is hidden or ignored is
                searched when it is given here.
            glob: Only files whose path below `path` matches, such as `*.py` (in every folder), `src/**/*.{ts,tsx}`, or
                `.github/**` (hidden names only match a pattern that names the `.`).
            ignore_case: Whether upper and lower case are the same.
            context: How many lines to show before and after each match, as `11-text`; `--` stands between lines that
                are apart.
            max_matches: How many matching lines to show at most.
        """
        from toolyard_toolkits.search import calls  # noqa: PLC0415 - RE2 costs 20 ms, and start-up searches nothing

        asked = calls.Asked(pattern=pattern, glob=glob, ignore_case=ignore_case, context=context, most=max_matches)
        return await calls.grepping(root, path, asked, ctx).answer(workers, ripgrep)

    return grep


def _glob(root: Root) -> Tool:
    @tool(effects=["files.read"], wire=False)
    def glob(ctx: ToolContext, *, pattern: str, path: str = ".", max_results: Most = 1000) -> str:
        """Find files by their names and folders, below the root folder.

        Choose this to find the files of a kind or of a name; `grep` finds them by what is in them, and `list` shows
        all that is in a folder. The answer has one path a line, relative to the root folder, in order. Hidden files and
        folders, what .gitignore, .ignore and .rgignore leave out, and symbolic links are not found.

        Args:
            pattern: What the path below `path` is to match: `*` and `?` stand for characters of one name, `**/` for any
                folders or none, `[a-z]` and `[!a-z]` for one character, `{py,pyi}` for either. `**/*.py` finds in every
                folder, `*.py` only in `path` itself; `.github/**` or `**/.env*` find hidden names.
            path: The folder to search, relative to the root folder. A folder that is hidden or ignored is searched
                when it is given here.
            max_results: How many paths to show at most.
        """
        from toolyard_toolkits.search import calls  # noqa: PLC0415 - RE2 costs 20 ms, and start-up searches nothing

        with root.open() as folder:
            return calls.globbing(path, pattern, max_results, ctx).answer(folder)

    return glob
