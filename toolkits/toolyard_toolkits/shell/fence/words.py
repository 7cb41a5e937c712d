"""The words of a command, as far as they can be known before it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolyard_toolkits.shell.fence.refusing import Refused

if TYPE_CHECKING:  # a first list of the tools needs no parser
    from tree_sitter import Node

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_IN_STRING = re.compile(r'\\([$`"\\])')
_PATTERN = re.compile(r"(?<!\\)(?:\\\\)*([*?\[])")
_BRACES = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}?|\{$")
_VARIABLE = re.compile(r"\$(?:\w+|\?|\{\w+\})")

Variables = Mapping[str, str]
"""How the value of each variable begins, as far as that is known of all its values; empty when it is not."""


@dataclass(frozen=True, slots=True)
class Word:
    """`text` is all of a word when it is `exact`, and otherwise how it begins, whatever it expands to."""

    text: str
    exact: bool = True

    @property
    def may_be_option(self) -> bool:
        return self.text.startswith("-") or not (self.text or self.exact)


def word_of(node: Node, variables: Variables) -> Word:
    """The word that `node` is; what it expands is `variables`, or commands that are looked at by themselves.

    Raises:
        Refused: it is something else.
    """
    if node.type == "concatenation":
        return _joined(node, variables)
    text = _text(node)
    if node.type in ("word", "number"):
        return _plain(text)
    if node.type == "raw_string":
        return Word(text[1:-1])
    if node.type == "string":
        return _string(node, variables)
    if node.type in ("simple_expansion", "expansion"):
        _check_variable(text, variables)
        return Word("", exact=False)  # it may be split, so that its parts begin with anything
    if node.type == "command_substitution" and text.startswith("$("):
        return Word("", exact=False)
    if node.type == "ansi_c_string":
        return Word("", exact=False)
    if text.startswith("`"):
        raise Refused(f"{text}: write `$(…)` instead of backticks")
    raise Refused(f"{text}: this kind of word ({node.type.replace('_', ' ')}) is not used here; write it out")


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _plain(text: str) -> Word:
    if found := _PATTERN.search(text):
        return Word(_ESCAPED.sub(r"\1", text[: found.start(1)]), exact=False)
    if found := _BRACES.search(text):
        return Word(_ESCAPED.sub(r"\1", text[: found.start()]), exact=False)
    return Word(_ESCAPED.sub(r"\1", text))


def _string(node: Node, variables: Variables) -> Word:
    expanding = [child for child in node.children if child.is_named and child.type != "string_content"]
    for child in expanding:
        word_of(child, variables)
    whole = _text(node)[1:-1]
    if not expanding:
        return Word(_ESCAPED_IN_STRING.sub(r"\1", whole))
    before = whole.encode()[: expanding[0].start_byte - node.start_byte - 1].decode()
    begun = before or variables.get(_text(expanding[0]).strip("${}"), "")
    return Word(_ESCAPED_IN_STRING.sub(r"\1", begun), exact=False)


def _joined(node: Node, variables: Variables) -> Word:
    parts = [word_of(child, variables) for child in node.children]
    if any(child.type == "word" and "{" in _text(child) for child in node.children) and _BRACES.search(_text(node)):
        parts = [Word(_text(node).partition("{")[0], exact=False)]
    begun = ""
    for part in parts:
        begun += part.text
        if not part.exact:
            return Word(begun, exact=False)
    return Word(begun)


def _check_variable(text: str, variables: Variables) -> None:
    if not _VARIABLE.fullmatch(text) or text.strip("${}") not in variables:
        raise Refused(f"{text}: only the variable of a `for` loop, as `$name`, is expanded here; write the value out")
