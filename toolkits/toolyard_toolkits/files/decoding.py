"""The text of an open file, decoded piece by piece."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 64 * 1024
"""Bytes read at once; what a file is is judged by its first chunk."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How a text is written as bytes, after `mark`. `label` is what a reader is told: nothing for plain UTF-8."""

    label: str
    codec: str
    mark: bytes = b""
    controls: bool = True

    @property
    def errors(self) -> str:
        """What a reader is shown in place of bytes that are no text: a mark says plainly what they should be."""
        return "replace" if self.mark else "strict"

    def check(self, text: str) -> None:
        """Raise `UnicodeError` for what no text in this encoding would have."""
        if not self.controls and (found := _CONTROL.search(text)):
            raise UnicodeError(f"{self.label} text without the control character {found.group()!r} was expected")

    def decode(self, content: bytes) -> str:
        """The whole text, which `encode` makes the same bytes of.

        Raises:
            UnicodeError: it is not in this encoding.
        """
        text = content[len(self.mark) :].decode(self.codec)
        self.check(text)
        return text

    def encode(self, text: str) -> bytes:
        """Raises `UnicodeEncodeError` for a character that the encoding does not have."""
        return self.mark + text.encode(self.codec)


_MARKED = (
    Encoding(label="UTF-8 with BOM", codec="utf-8", mark=codecs.BOM_UTF8),
    Encoding(label="UTF-32", codec="utf-32-le", mark=codecs.BOM_UTF32_LE),  # begins as UTF-16's does
    Encoding(label="UTF-32", codec="utf-32-be", mark=codecs.BOM_UTF32_BE),
    Encoding(label="UTF-16", codec="utf-16-le", mark=codecs.BOM_UTF16_LE),
    Encoding(label="UTF-16", codec="utf-16-be", mark=codecs.BOM_UTF16_BE),
)
UTF_8 = Encoding(label="", codec="utf-8")
_LATIN_1 = Encoding(label="latin-1", codec="latin-1", controls=False)  # it accepts any bytes: only text is believed


def encodings_of(head: bytes) -> tuple[Encoding, ...]:
    """The encodings to try, in order, for a file that begins with `head`; none for a binary one."""
    for encoding in _MARKED:
        if head.startswith(encoding.mark):
            return (encoding,)
    return () if b"\0" in head else (UTF_8, _LATIN_1)


def ends_lines_with_cr(begin: str) -> bool:
    """Whether a lone `\\r` ends a line of the text that begins so: only where nothing else does.

    grep, git and compilers count `\\n`, and so must this.
    """
    return "\r" in begin and "\n" not in begin


@dataclass(slots=True, kw_only=True)
class Text:
    """The text of `file`, read from its beginning. `size` counts the bytes read so far.

    `complete` and `endings` (which ends of lines it has, when they are not just `\\n`) are known at its end.
    """

    file: BinaryIO
    encoding: Encoding
    head: bytes
    size: int = 0
    complete: bool = False
    endings: str = ""

    def pieces(self) -> Iterator[str]:
        """The text with every line's end as `\\n`.

        Raises:
            UnicodeError: it is not in this encoding after all.
        """
        decoder = self._decoder()
        self.size = self.file.seek(len(self.encoding.mark))
        while chunk := self.file.read(CHUNK):
            self.size += len(chunk)
            yield self._piece(decoder.decode(chunk))
        yield self._piece(decoder.decode(b"", final=True))
        self.complete, self.endings = True, _endings(decoder)

    def _decoder(self) -> io.IncrementalNewlineDecoder:
        bytewise = codecs.getincrementaldecoder(self.encoding.codec)(self.encoding.errors)
        begin = self.head[len(self.encoding.mark) :].decode(self.encoding.codec, "ignore")
        return io.IncrementalNewlineDecoder(bytewise, translate=ends_lines_with_cr(begin))

    def _piece(self, text: str) -> str:
        self.encoding.check(text)
        return text.replace("\r\n", "\n") if "\r" in text else text  # looking for one character is 90 times as fast


def _endings(decoder: io.IncrementalNewlineDecoder) -> str:
    """What to tell about the ends of lines: nothing when they are plain."""
    seen = {decoder.newlines} if isinstance(decoder.newlines, str) else set(decoder.newlines or ())
    return {"\n": "", "\r\n": "CRLF", "\r": "CR"}[seen.pop()] if len(seen) == 1 else "mixed" if seen else ""
