"""The tree of a command, which covers every character of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from toolyard_toolkits.shell.fence.refusing import Refused

if TYPE_CHECKING:  # a first list of the tools needs no parser
    from tree_sitter import Node, Parser

_BLANK = re.compile(rb"(?:[ \t\n]|\\\n)*")


def parsed(command: str) -> Node:
    """The root of the tree.

    Raises:
        Refused: it is no bash, or something in it is in no part of the tree.
    """
    text = command.encode()
    root = _parser().parse(text).root_node
    if root.has_error:
        raise Refused("this cannot be parsed as one bash command; look at its quotes and brackets")
    end = 0
    for leaf in leaves(root):
        if not _BLANK.fullmatch(text[end : leaf.start_byte]):
            raise Refused(f"{text[end : leaf.start_byte].decode(errors='replace')!r} cannot be parsed here")
        end = max(end, leaf.end_byte)
    if not _BLANK.fullmatch(text[end:]):
        raise Refused(f"{text[end:].decode(errors='replace')!r} cannot be parsed here")
    return root


def leaves(node: Node) -> Iterator[Node]:
    """The parts without parts, from left to right."""
    if not node.children:
        yield node
    for child in node.children:
        yield from leaves(child)


def found(node: Node, kind: str) -> Iterator[Node]:
    """The outermost parts of a kind, `node` itself included."""
    if node.type == kind:
        yield node
        return
    for child in node.children:
        yield from found(child, kind)


@cache
def _parser() -> Parser:
    import tree_sitter_bash  # noqa: PLC0415 - a first list of the tools needs no parser
    from tree_sitter import Language, Parser  # noqa: PLC0415 - see above

    return Parser(Language(tree_sitter_bash.language()))
