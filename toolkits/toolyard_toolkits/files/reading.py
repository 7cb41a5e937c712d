"""What `read` answers: a text with line numbers, or an image."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from toolyard_kernel.backends import Directory
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.content import Image
from toolyard_kernel.errors import ToolError
from toolyard_toolkits.backends.refusals import named, refusal
from toolyard_toolkits.files.decoding import CHUNK, Text, encodings_of
from toolyard_toolkits.files.kinds import binary_kind, image_type
from toolyard_toolkits.files.window import Window

IMAGE_BYTES = 5 * 1024 * 1024
COUNTED_BYTES = 512 * 1024 * 1024
"""Lines are counted this far into a file, or to the last line shown if that is further."""
FRAME_BYTES = 400
"""Kept free for what is said above and below the lines, besides the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One call of `read`: lines `first` to `last` (`None`: to the end) of the file at `path`."""

    root: Directory
    path: str
    first: int | None
    last: int | None
    ctx: ToolContext

    def answer(self) -> str | Image:
        """The text, in whole lines within the caller's limit, or the image.

        Raises:
            ToolError: the path cannot be read, the file is neither text nor an image, or it has no such lines.
        """
        if self.last is not None and self.last < (self.first or 1):
            raise self._refusal(f"end_line={self.last} comes before start_line={self.first or 1}; swap them")
        with self.root.file(self.path) as file:
            head = file.read(CHUNK)
            if mime_type := image_type(head):
                return self._image(file, mime_type)
            return self._text(file, head)

    def _image(self, file: BinaryIO, mime_type: str) -> Image:
        file.seek(0)
        data = bytearray()
        while len(data) < IMAGE_BYTES and (chunk := file.read(IMAGE_BYTES - len(data))):
            data += chunk
        if len(data) == IMAGE_BYTES:
            reason = f"this image ({mime_type}) is too large to be shown: {_size(file)} bytes"
            raise self._refusal(f"{reason}, expected less than {IMAGE_BYTES}; make it smaller first")
        return Image(data=bytes(data), mime_type=mime_type)

    def _text(self, file: BinaryIO, head: bytes) -> str:
        kind = binary_kind(head)
        for encoding in () if kind else encodings_of(head):
            text = Text(file=file, encoding=encoding, head=head)
            try:
                return self._page(text, self._window(text))
            except UnicodeError:
                continue
        what, size = kind or "binary data", _size(file)
        raise self._refusal(f"this is {what} ({size} bytes), not text; use a tool that understands this kind of file")

    def _window(self, text: Text) -> Window:
        """The wanted lines, with all lines counted unless the file is too long for that."""
        limit = self.ctx.caller.profile.limits.output_bytes
        frame = FRAME_BYTES + len(named(self.path).encode())
        window = Window(first=self.first or 1, last=self.last, room=limit - frame)
        for piece in text.pieces():
            if self.ctx.cancelled:
                raise self._refusal("reading was stopped: the call is over")
            window.feed(piece)
            if window.full and text.size > COUNTED_BYTES:
                return window
        window.close()
        return window

    def _page(self, text: Text, window: Window) -> str:
        if not window.lines and (self.first or 1) > 1:
            have = self._lines(text, window)
            raise self._refusal(f"this has {have}, so there is no line {self.first}; ask for an earlier start_line")
        return "\n".join([self._header(text, window), *window.lines, *self._trailer(window)])

    def _header(self, text: Text, window: Window) -> str:
        size = text.size if text.complete else _size(text.file)
        ending = "" if window.ended or not text.complete else "no newline at the end"
        endings = f"{text.endings} line endings" if text.endings else ""
        about = (self._lines(text, window), f"{size} bytes", text.encoding.label, endings, ending)
        return f"{named(self.path)}: {', '.join(part for part in about if part)}"

    def _lines(self, text: Text, window: Window) -> str:
        total = f"{'' if text.complete else 'more than '}{window.total}"
        first = self.first or 1
        if 0 < len(window.lines) < window.total:
            return f"lines {first}-{first + len(window.lines) - 1} of {total}"
        return f"{total} line{'' if window.total == 1 else 's'}"

    def _trailer(self, window: Window) -> list[str]:
        if not window.stopped:
            return []
        limit = self.ctx.caller.profile.limits.output_bytes
        rest = f"start_line={window.stopped}" + (f", end_line={self.last}" if self.last else "")
        return [f"[stopped before line {window.stopped}: an answer has at most {limit} bytes; read on with {rest}]"]

    def _refusal(self, reason: str) -> ToolError:
        return refusal(self.path, reason)


def _size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)
