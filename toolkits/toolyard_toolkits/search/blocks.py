"""The lines of an open file, some at a time."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 64 * 1024
"""Bytes read at once."""
LONGEST_LINE = 1024 * 1024
"""Bytes of a line that are searched, or fewer."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class BinaryFileError(ValueError):
    """The file has a NUL byte: it is no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Whole lines in UTF-8, without the newline after the last; `first` is the number of the first of them."""

    first: int
    text: bytes
    count: int

    @property
    def last(self) -> int:
        return self.first + self.count - 1


def blocks(file: BinaryIO, longest: int = LONGEST_LINE) -> Iterator[Block]:
    """All lines of a file; of one that is longer than `longest` bytes, its beginning.

    Raises:
        BinaryFileError: there is a NUL byte; lines before it may have come already.
    """
    first, begun = 1, b""
    for piece in _pieces(file, min(CHUNK, longest)):
        if b"\0" in piece:
            raise BinaryFileError
        lines, newline, rest = piece.rpartition(b"\n")
        if not newline:
            begun += piece[: max(longest - len(begun), 0)]
            continue
        if begun:
            head, newline, tail = lines.partition(b"\n")
            lines = begun + head[: max(longest - len(begun), 0)] + newline + tail
        count = lines.count(b"\n") + 1
        yield Block(first=first, text=lines, count=count)
        first, begun = first + count, rest
    if begun:
        yield Block(first=first, text=begun, count=1)


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The file in UTF-8, without a mark of the encoding at its beginning."""
    piece = file.read(size)
    if piece.startswith(_UTF_16):
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        while piece:
            yield decoder.decode(piece).encode(errors="replace")
            piece = file.read(size)
        yield decoder.decode(b"", final=True).encode(errors="replace")
        return
    piece = piece.removeprefix(codecs.BOM_UTF8) or (piece and file.read(size))
    while piece:
        yield piece
        piece = file.read(size)
