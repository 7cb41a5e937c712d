"""The toolkit `files`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, ClassVar

from pydantic import Field

from toolyard_kernel.backends import Backend
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import Image
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import Tool
from toolyard_toolkits.files.listing import Listing
from toolyard_toolkits.files.reading import Reading
from toolyard_toolkits.roots import Root, RootSettings

Number = Annotated[int, Field(ge=1)]


class FilesToolkit:
    """Tools for the files below one folder. Nothing stays open between calls."""

    Settings: ClassVar[type[RootSettings]] = RootSettings
    name = "files"

    def __init__(self, settings: RootSettings, /, *, backend: Backend | None = None) -> None:
        """`backend` takes the place of the one that the settings name.

        Raises:
            ConfigError: there is no such backend, or the root is missing, is no folder, or may not be read.
        """
        self._root = Root.of(settings, backend)

    def tools(self) -> Sequence[Tool]:
        return (_read(self._root), _list(self._root))

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return self._root.backend.lifespan()


def _read(root: Root) -> Tool:
    @tool(effects=["files.read"])
    def read(
        ctx: ToolContext, *, path: str, start_line: Number | None = None, end_line: Number | None = None
    ) -> str | Image:
        """Read a text file, or look at an image, below the root folder.

        Choose this to see what is in a file whose path you know, in part or in full; `list` finds paths. The first
        line of the answer says how many lines and bytes the file has and which lines follow. Each line comes as its
        number, a tab, and its text: number and tab are not in the file. When a file is longer than one answer, the
        last line of the answer says with which start_line to read on. PNG, JPEG, GIF and WebP files are shown as
        images; other binary files are refused.

        Args:
            path: The file, relative to the root folder, such as `src/main.py`.
            start_line: The first line to show, counted from 1; without it, the first of the file.
            end_line: The last line to show, itself included; without it, the last of the file.
        """
        with root.open() as folder:
            return Reading(root=folder, path=path, first=start_line, last=end_line, ctx=ctx).answer()

    return read


def _list(root: Root) -> Tool:
    @tool(name="list", effects=["files.read"])
    def list_folder(
        ctx: ToolContext, *, path: str = ".", recursive: bool = False, max_depth: Number | None = None
    ) -> str:
        """List what is in a folder below the root folder, hidden entries included.

        Choose this to find out which files there are before you read one. The answer has one line for each entry, in
        the order of their names: folders end in `/`, files have their size, and symbolic links are shown as
        `name -> target` and not followed. Names are relative to the listed folder. When there are too many entries,
        the deepest are left out, and the last line says how many and how to see them.

        Args:
            path: The folder, relative to the root folder; `.` is the root itself.
            recursive: Whether to show what is in the folders below, too.
            max_depth: How many levels to show: 1 for the folder's own entries, 2 for those of its folders too, and
                so on. It implies `recursive`.
        """
        depth = max_depth or (None if recursive else 1)
        with root.open() as folder:
            return Listing(root=folder, path=path, depth=depth, ctx=ctx).answer()

    return list_folder
