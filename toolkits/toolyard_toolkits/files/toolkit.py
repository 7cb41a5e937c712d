"""The toolkit `files`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import Image
from toolyard_kernel.tools.functions import tool
from toolyard_kernel.tools.settings import SettingsPath
from toolyard_kernel.tools.tool import Tool
from toolyard_toolkits.files.listing import Listing
from toolyard_toolkits.files.reading import Reading
from toolyard_toolkits.files.rooted import Root

Number = Annotated[int, Field(ge=1)]


class FilesSettings(BaseModel):
    """What a config writes below `toolkits: {files: …}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: SettingsPath = Field(description="The folder whose files the tools see; nothing outside of it is reached.")


class FilesToolkit:
    """Tools for the files below one folder. Nothing stays open between calls."""

    Settings: ClassVar[type[FilesSettings]] = FilesSettings
    name = "files"

    def __init__(self, settings: FilesSettings, /, *, openat2: bool = True) -> None:
        """`openat2=False` never follows a symbolic link, not even one that stays below the root.

        Raises:
            ConfigError: the root is missing, is no folder, or may not be read.
        """
        self._root = Root(settings.root, openat2=openat2)

    def tools(self) -> Sequence[Tool]:
        return (_read(self._root), _list(self._root))

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return nullcontext()


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
        return Reading(root=root, path=path, first=start_line, last=end_line, ctx=ctx).answer()

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
        return Listing(root=root, path=path, depth=depth, ctx=ctx).answer()

    return list_folder
