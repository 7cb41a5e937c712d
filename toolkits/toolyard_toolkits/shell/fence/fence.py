"""A command is parsed, and refused unless all of it is of a kind that is known here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from toolyard_toolkits.shell.fence.commands import READING, WRITING, Check
from toolyard_toolkits.shell.fence.conditions import check_test
from toolyard_toolkits.shell.fence.parsing import found, parsed
from toolyard_toolkits.shell.fence.redirects import check_redirect
from toolyard_toolkits.shell.fence.refusing import Refused
from toolyard_toolkits.shell.fence.words import Variables, Word, word_of

if TYPE_CHECKING:  # a first list of the tools needs no parser
    from tree_sitter import Node

LONGEST = 50_000
"""Characters of a command."""
LONGEST_SHOWN = 80

# What is invisible, or looks like a blank and is none, can make a command another one than it seems.
_UNUSUAL = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"}
_CONTINUED_WORD = re.compile(r"[^ \t\n]\\\n")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*|:")
_LOOP_VARIABLE = re.compile(r"[a-z_]*[a-z][a-z0-9_]*")

_COMPOUND = {
    "compound_statement", "do_group", "elif_clause", "else_clause", "if_statement", "list", "negated_command",
    "pipeline", "program", "redirected_statement", "subshell",
}  # fmt: skip
_PUNCTUATION = {
    "!", "$(", "&&", "(", ")", ";", "\n", "comment", "do", "done", "elif", "else", "fi", "for", "if", "in", "then", "{",
    "|", "|&", "||", "}",
}  # fmt: skip
_KINDS = {
    "variable_assignment": "a variable is set; write its value where it is used",
    "variable_assignments": "variables are set; write their values where they are used",
    "declaration_command": "a variable is declared; write its value where it is used",
    "function_definition": "a function is defined; write its commands out",
    "while_statement": "the only loops here are `for NAME in …`",
    "c_style_for_statement": "the only loops here are `for NAME in …`",
    "heredoc_redirect": "here-documents are not used here",
    "process_substitution": "process substitution is not used here; use a pipe",
    "&": "nothing runs in the background here; leave the `&` out",
}
_INSTEAD = {
    "less": "use `cat`, or `sed -n '1,100p' FILE`",
    "more": "use `cat`, or `sed -n '1,100p' FILE`",
    "env": "leave it out, or use `printenv` alone",
    "timeout": "use this tool's own `timeout`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """`writable` adds the commands that change files; `more` are further ones that the operator lets pass."""

    writable: bool = False
    more: frozenset[str] = field(default_factory=frozenset[str])

    def check(self, command: str) -> None:
        """Look at every part of `command`.

        Raises:
            Refused: it is more than plain, listed commands.
        """
        _check_characters(command)
        try:
            root = parsed(command)
            self._check(root, _variables(root))
        except RecursionError:
            raise Refused("this command is too deeply nested; write it as several") from None

    def _check(self, node: Node, variables: Variables) -> None:
        """A statement, or what holds some."""
        if node.type == "command":
            self._check_command(node, variables)
        elif node.type == "file_redirect":
            check_redirect(node, variables, writable=self.writable)
            self._check_inside(node, variables)
        elif node.type == "herestring_redirect":
            for word in node.named_children:
                self._word(word, variables)
        elif node.type == "for_statement":
            self._check_loop(node, variables)
        elif node.type == "test_command":
            check_test(node, variables)
            self._check_inside(node, variables)
        elif node.type in _COMPOUND:
            for child in node.children:
                self._check(child, variables)
        elif node.type not in _PUNCTUATION:
            said = _KINDS.get(node.type, f"this kind of syntax ({node.type.replace('_', ' ')}) is not used here")
            raise Refused(f"{_shown(node)}: {said}")

    def _check_command(self, node: Node, variables: Variables) -> None:
        words: list[Word] = []
        for child in node.children:
            if child.type in ("file_redirect", "herestring_redirect", "variable_assignment"):
                self._check(child, variables)
            elif child.type != "command_name":
                words.append(self._word(child, variables))
        named = node.child_by_field_name("name")
        name = (named.text or b"").decode() if named else ""
        if named is None or named.children[0].type != "word" or not _NAME.fullmatch(name):
            raise Refused(
                f"{_shown(named or node)}: a command's name is written plainly here, without quotes or a path"
            )
        self._rule(name)(name, words)

    def _rule(self, name: str) -> Check:
        commands: Mapping[str, Check] = {**READING, **(WRITING if self.writable else {})}
        if name in commands:
            return commands[name]
        if name in self.more:
            return _whatever
        if name in WRITING:
            why = "changes files, and this profile only reads"
        elif name in _INSTEAD:
            why = f"is not used here; {_INSTEAD[name]}"
        else:
            why = "is not among the commands that this profile uses"
        raise Refused(f"`{name[:LONGEST_SHOWN]}` {why}; allowed are: {', '.join(sorted({*commands, *self.more}))}")

    def _check_loop(self, node: Node, variables: Variables) -> None:
        for child in node.children:
            if child.type in ("do_group", "for", "in", ";", "\n", "variable_name"):
                if child.type == "do_group":
                    self._check(child, variables)
            else:
                self._word(child, variables)

    def _word(self, node: Node, variables: Variables) -> Word:
        word = word_of(node, variables)
        self._check_inside(node, variables)
        return word

    def _check_inside(self, node: Node, variables: Variables) -> None:
        """The commands in whose place a word has their output."""
        for substitution in found(node, "command_substitution"):
            for child in substitution.children:
                self._check(child, variables)


def _whatever(name: str, words: object) -> None:
    """Of a command that the operator lets pass."""


def _check_characters(command: str) -> None:
    if len(command) > LONGEST:
        raise Refused(f"this command has {len(command)} characters, and at most {LONGEST} are taken; write several")
    for character in command:
        if character not in " \n\t" and unicodedata.category(character) in _UNUSUAL:
            name = unicodedata.name(character, "a control character")
            raise Refused(f"U+{ord(character):04X} ({name}) is invisible, or a blank that is none; leave it out")
    if _CONTINUED_WORD.search(command):
        raise Refused("a line is continued in the middle of a word; put a blank before the backslash, or use one line")


def _variables(root: Node) -> Variables:
    """The variables of the loops, and how their values begin."""
    begun: dict[str, str] = {"?": "0", "HOME": "/", "PWD": "/"}
    for loop in found_all(root, "for_statement"):
        name, *words = [child for child in loop.named_children if child.type not in ("do_group", "comment")]
        text = (name.text or b"").decode()
        if not _LOOP_VARIABLE.fullmatch(text):
            raise Refused(f"`for {text}`: the variable of a loop has a name of small letters here")
        values = [word_of(word, begun) for word in words]
        known = bool(values) and all(value.text and not value.may_be_option for value in values)
        begun[text] = values[0].text if known and begun.get(text, "x") else ""
    return begun


def found_all(node: Node, kind: str) -> list[Node]:
    """All parts of a kind, also inside of each other, outer ones first."""
    inside = [each for child in node.children for each in found_all(child, kind)]
    return [node, *inside] if node.type == kind else inside


def _shown(node: Node) -> str:
    text = (node.text or b"").decode()
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
