"""A whole text file, as it is and as its lines read, so that a change leaves all the rest of it as it was."""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import BinaryIO

from toolyard_toolkits.backends.refusals import refusal
from toolyard_toolkits.files.decoding import CHUNK, Encoding, encodings_of, ends_lines_with_cr
from toolyard_toolkits.files.kinds import binary_kind, image_type

MOST_BYTES = 10 * 1024 * 1024
"""A longer text is neither written nor changed."""


def alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many characters, or lines, both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What takes the place of the characters from `start` to `end` of `Document.text`; lines end in `\\n`."""

    start: int
    end: int
    new: str

    def least(self, text: str) -> Change:
        """The same change without what it leaves as it is at both of its ends."""
        old, new = text[self.start : self.end], self.new
        same = alike(old, new)
        old, new = old[same:], new[same:]
        last = alike(old[::-1], new[::-1])
        return Change(start=self.start + same, end=self.end - last, new=new[: len(new) - last])


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`content` are the bytes of the file, `raw` its text, and `text` the same with `\\n` at the end of every line."""

    content: bytes
    encoding: Encoding
    raw: str
    text: str
    cr_ends_lines: bool
    pairs: Sequence[int]
    """Where in `text` a line ends whose end in `raw` is `\\r\\n`."""

    @classmethod
    def of(cls, path: str, content: bytes) -> Document:
        """The text that `content` holds, as `read` shows it.

        Raises:
            ToolError: it is no text.
        """
        encoding, raw = _decoded(path, content)
        begin = content[len(encoding.mark) : CHUNK].decode(encoding.codec, "ignore")
        found = re.finditer("\r\n", raw) if "\r\n" in raw else ()
        pairs = array("q", (match.start() - number for number, match in enumerate(found)))
        cr = ends_lines_with_cr(begin)
        return cls(content=content, encoding=encoding, raw=raw, text=_plain(raw, cr=cr), cr_ends_lines=cr, pairs=pairs)

    def plain(self, text: str) -> str:
        """A caller's text with the ends of its lines as `text` has them."""
        return _plain(text, cr=self.cr_ends_lines)

    def changed(self, path: str, changes: Sequence[Change]) -> bytes:
        """The file with these changes, which are in order. Each new line ends as the lines around it do.

        Raises:
            ToolError: the file's encoding has no such character, or the file would be too long.
        """
        check_size(path, len(self.raw) + sum(len(each.new) - (each.end - each.start) for each in changes))
        parts: list[str] = []
        done = 0
        endings = _Endings(document=self)
        for change in (each.least(self.text) for each in changes):
            new = change.new.replace("\n", endings.at(change.start)) if "\n" in change.new else change.new
            parts += self.raw[done : self.place(change.start)], new
            done = self.place(change.end)
        content = encoded(path, "".join((*parts, self.raw[done:])), self.encoding)
        check_size(path, len(content))
        return content

    def place(self, position: int) -> int:
        """Where in `raw` a position of `text` is."""
        return position + bisect_left(self.pairs, position)


@dataclass(slots=True, kw_only=True)
class _Endings:
    """The line ends around positions that are asked for in order. A text without any is searched only once."""

    document: Document
    following: int = -1
    last: str | None = None

    def at(self, position: int) -> str:
        if self.last is not None:
            return self.last
        if self.following < position:
            self.following = self.document.text.find("\n", position)
        if self.following < 0:
            self.last = self._ending(self.document.text.rfind("\n", 0, position))
            return self.last
        return self._ending(self.following)

    def _ending(self, position: int) -> str:
        if position < 0:
            return "\n"
        place = self.document.place(position)
        return "\r\n" if self.document.raw.startswith("\r\n", place) else self.document.raw[place]


def whole(path: str, file: BinaryIO) -> bytes:
    """All bytes of an open file.

    Raises:
        ToolError: it is longer than MOST_BYTES.
    """
    check_size(path, file.seek(0, os.SEEK_END))
    file.seek(0)
    content = bytearray()
    while chunk := file.read(MOST_BYTES + 1 - len(content)):
        content += chunk
        check_size(path, len(content))
    return bytes(content)


def encoded(path: str, text: str, encoding: Encoding) -> bytes:
    """Raises `ToolError` for a character that the encoding does not have."""
    try:
        return encoding.encode(text)
    except UnicodeEncodeError as error:
        character = text[error.start]
        if "\ud800" <= character <= "\udfff":
            reason = f"the text holds half a character (U+{ord(character):04X}), which no file can; send whole ones"
        else:
            reason = (
                f"this file is {encoding.label}, which has no {character!r} (U+{ord(character):04X}); "
                "use other characters, or write the whole file anew with `write`, which makes it UTF-8"
            )
        raise refusal(path, reason) from error


def check_size(path: str, size: int) -> None:
    """Raise `ToolError` where a text is too long to be written or changed."""
    if size > MOST_BYTES:
        reason = f"{size} bytes are more than the {MOST_BYTES} that are written or changed at once"
        raise refusal(path, f"{reason}; use smaller files, or a command that works on large ones")


def _decoded(path: str, content: bytes) -> tuple[Encoding, str]:
    head = content[:CHUNK]
    kind = image_type(head) or binary_kind(head)
    for encoding in () if kind else encodings_of(head):
        try:
            return encoding, encoding.decode(content)
        except UnicodeError:
            kind = f"marked as {encoding.label}, and holds what is none" if encoding.mark else None
    what = f"this is {kind or 'binary data'} ({len(content)} bytes), not text"
    raise refusal(path, f"{what}; use a tool that understands this kind of file")


def _plain(text: str, *, cr: bool) -> str:
    text = text.replace("\r\n", "\n") if "\r" in text else text
    return text.replace("\r", "\n") if cr else text
