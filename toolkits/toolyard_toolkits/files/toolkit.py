"""The toolkit `files`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import Field

from toolyard_kernel.backends import Backend, Directory
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import Image
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.tool import Tool
from toolyard_toolkits.files.editing import Editing
from toolyard_toolkits.files.listing import Listing
from toolyard_toolkits.files.reading import Reading
from toolyard_toolkits.files.writing import Writing
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
        return (_read(self._root), _list(self._root), _write(self._root), _edit(self._root))

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return self._root.backend.lifespan()


def _read(root: Root) -> Tool:
    @tool(effects=["files.read"], wire=False)
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
    @tool(name="list", effects=["files.read"], wire=False)
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


def _write(root: Root) -> Tool:
    @tool(effects=["files.write"], wire=False)
    def write(ctx: ToolContext, *, path: str, content: str) -> str:
        """Write a text file below the root folder: a new one, or all of one that is there.

        Choose this for a new file, or when most of one changes; for a smaller change choose `edit`, which leaves the
        rest as it is. The file holds the content just as it is given, in UTF-8, and folders on its path are made. It
        is written as a whole or not at all. The answer says whether a file was created or replaced. Where the profile
        says file_write: create-only, a path that is taken is refused. At most 10 MiB are written.

        Args:
            path: The file, relative to the root folder, such as `src/main.py`.
            content: All that the file is to hold, with a newline at the end of its last line.
        """
        with root.open() as folder:
            return Writing(root=folder, path=path, content=content, ctx=ctx).answer()

    def preview(arguments: dict[str, Any], ctx: ToolContext) -> str:
        with root.open() as folder:
            return Writing(root=folder, ctx=ctx, **arguments).preview()

    return replace(write, preview=preview)


def _edit(root: Root) -> Tool:
    def editing(folder: Directory, ctx: ToolContext, arguments: dict[str, Any]) -> Editing:
        path, old, new = arguments["path"], arguments["old_string"], arguments["new_string"]
        return Editing(root=folder, path=path, old=old, new=new, everywhere=arguments["replace_all"], ctx=ctx)

    @tool(effects=["files.write"], wire=False)
    def edit(ctx: ToolContext, *, path: str, old_string: str, new_string: str, replace_all: bool = False) -> str:
        """Change a part of a text file below the root folder: one piece of its text for another.

        Choose this to change some lines of a file that you have read; choose `write` for a new file. old_string must
        be in the file once; give lines around the change until it is, or set replace_all. Where it is not in the file
        as it is, lines that differ from it in white space only count, and new_string is indented as they are. The
        file keeps its encoding and its line ends. The answer shows what has changed as a unified diff, with line
        numbers. When old_string is not found, the error shows the lines that are closest to it.

        Args:
            path: The file, relative to the root folder, such as `src/main.py`.
            old_string: The text to replace, as the file has it, without the line numbers that `read` shows.
            new_string: The text to put in its place; an empty one deletes it.
            replace_all: Whether to replace old_string wherever it is, instead of in its one place.
        """
        arguments = {"path": path, "old_string": old_string, "new_string": new_string, "replace_all": replace_all}
        with root.open() as folder:
            return editing(folder, ctx, arguments).answer()

    def preview(arguments: dict[str, Any], ctx: ToolContext) -> str:
        with root.open() as folder:
            return editing(folder, ctx, arguments).preview()

    return replace(edit, preview=preview, overwrites=True)
