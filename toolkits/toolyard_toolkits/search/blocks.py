"""The lines of an open file, some at a time."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 64 * 1024
"""Bytes read at once."""
LONGEST_LINE = 1024 * 1024
"""Bytes of a line that are searched."""

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


def blocks(file: BinaryIO) -> Iterator[Block]:
    """All lines of a file; of one that is longer than LONGEST_LINE, its beginning.

    Raises:
        BinaryFileError: there is a NUL byte; lines before it may have come already.
    """
    first, begun = 1, b""
    for piece in _pieces(file):
        if b"\0" in piece:
            raise BinaryFileError
        lines, newline, rest = piece.rpartition(b"\n")
        if not newline:
            begun = _within(begun, piece)
            continue
        if begun:
            head, newline, tail = lines.partition(b"\n")
            lines = _within(begun, head) + newline + tail
        count = lines.count(b"\n") + 1
        yield Block(first=first, text=lines, count=count)
        first, begun = first + count, rest
    if begun:
        yield Block(first=first, text=begun, count=1)


def _within(line: bytes, more: bytes) -> bytes:
    return line + more[: LONGEST_LINE - len(line)]


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """The file in UTF-8, without a mark of the encoding at its beginning."""
    piece = file.read(CHUNK)
    if piece.startswith(_UTF_16):
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        while piece:
            yield decoder.decode(piece).encode(errors="replace")
            piece = file.read(CHUNK)
        yield decoder.decode(b"", final=True).encode(errors="replace")
        return
    piece = piece.removeprefix(codecs.BOM_UTF8) or (piece and file.read(CHUNK))
    while piece:
        yield piece
        piece = file.read(CHUNK)
