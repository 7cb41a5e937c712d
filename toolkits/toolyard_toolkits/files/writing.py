"""What `write` does: a file holds a text and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from toolyard_kernel.backends import Directory
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.errors import NothingThere, ToolError
from toolyard_toolkits.backends.refusals import named, refusal
from toolyard_toolkits.files.decoding import UTF_8
from toolyard_toolkits.files.difference import difference, shown_plainly, whole_part
from toolyard_toolkits.files.document import MOST_BYTES, Document, check_size, encoded, whole

PREVIEW_BYTES = 7_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """The file that is to be replaced: its text, if it has one that is short enough, and what is said of it."""

    about: str
    document: Document | None = None

    @classmethod
    def of(cls, path: str, file: BinaryIO) -> _Before:
        size = file.seek(0, os.SEEK_END)
        if size > MOST_BYTES:
            return cls(about=f"{size} bytes, too many to be shown")
        content = whole(path, file)
        try:
            document = Document.of(path, content)
        except ToolError:
            return cls(about=f"{size} bytes that are no text")
        return cls(about=f"{_lines(document.text)}, {size} bytes", document=document)

    def differing(self, content: str) -> str:
        """What is no longer so when the file holds `content` in UTF-8."""
        if self.document is None:
            return f"; before, it had {self.about}"
        encoding = f"; it was {self.document.encoding.label} before, and is UTF-8 now"
        lines = "; its lines ended in CRLF before, and do not now"
        parts = (
            encoding if self.document.encoding.label else "",
            lines if self.document.pairs and "\r\n" not in content else "",
        )
        return "".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One call of `write`: the file at `path` comes to hold `content`, in UTF-8."""

    root: Directory
    path: str
    content: str
    ctx: ToolContext

    def answer(self) -> str:
        """Write the file, and say what it was before and is now.

        Raises:
            ToolError: it cannot be written, or it is there and the profile only lets new ones be made.
        """
        content = self._encoded()
        before = self._before() if self._replaces else None
        if self.ctx.cancelled:
            raise refusal(self.path, "nothing was written: the call is over")
        replaced = self.root.write(self.path, content, replace=self._replaces)
        differing = before.differing(self.content) if replaced and before else ""
        return f"{named(self.path)}: {'replaced' if replaced else 'created'}, {self._told(content)}{differing}"

    def preview(self) -> str:
        """What would become of the file, as a diff.

        Raises:
            ToolError: it cannot be written.
        """
        content, before = self._encoded(), self._before()
        if before and not self._replaces:
            reason = "there is a file here already, and the profile says file_write: create-only; choose a new path"
            raise refusal(self.path, reason)
        about = f"in place of {before.about}" if before else "in a new file"
        old = before.document.text if before and before.document else ""
        shown = difference([whole_part(old, self.content)], PREVIEW_BYTES)
        said = f"{named(self.path)}: {self._told(content)}, {about}\n{shown}"
        return "\n".join(map(shown_plainly, said.split("\n")))

    @property
    def _replaces(self) -> bool:
        return self.ctx.caller.profile.file_write == "full"

    def _encoded(self) -> bytes:
        check_size(self.path, len(self.content))
        content = encoded(self.path, self.content, UTF_8)
        check_size(self.path, len(content))
        return content

    def _before(self) -> _Before | None:
        try:
            with self.root.file(self.path) as file:
                return _Before.of(self.path, file)
        except NothingThere:
            return None

    def _told(self, content: bytes) -> str:
        return f"{_lines(self.content)}, {len(content)} bytes"


def _lines(text: str) -> str:
    count = text.count("\n") + (not text.endswith("\n") and bool(text))
    return f"{count} line{'' if count == 1 else 's'}"
