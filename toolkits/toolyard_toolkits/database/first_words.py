"""The first words of a statement as a database reads them: without comments, and names without their quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST = 16
"""Words that tell what kind of statement it is."""

_PIECE = re.compile(
    r"""(?P<blank>\s+|(--|\#)[^\n]*) | (?P<comment>/\*)
    | "(?P<name>(?:[^"]|"")*)" | `(?P<tick>[^`]*)` | \[(?P<square>[^\]]*)\]
    | (?P<word>[\w$]+) | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_EDGE = re.compile(r"/\*|\*/")


def first_words(sql: str, *, nested: bool) -> str:
    """The words, and the signs between them, with one blank after each. `nested`: whether a comment holds others."""
    words = (word for word, _ in zip(_words(sql, nested=nested), range(MOST), strict=False))
    return "".join(f"{word} " for word in words)


def _words(sql: str, *, nested: bool) -> Iterator[str]:
    position = 0
    while found := _PIECE.match(sql, position):
        position = found.end()
        if found["comment"]:
            position = _end_of_comment(sql, position, nested=nested)
        elif not found["blank"]:
            named = next((found[kind] for kind in ("name", "tick", "square") if found[kind] is not None), None)
            yield named if named is not None else found.group()


def _end_of_comment(sql: str, position: int, *, nested: bool) -> int:
    depth = 1
    for edge in _EDGE.finditer(sql, position):
        if edge.group() == "*/":
            depth -= 1
        elif nested:
            depth += 1
        if not depth:
            return edge.end()
    return len(sql)
