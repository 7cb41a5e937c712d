"""`[ … ]` and `[[ … ]]` that look at files and compare texts; numbers are evaluated there, and can hold commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolyard_toolkits.shell.fence.refusing import Refused
from toolyard_toolkits.shell.fence.words import Variables, word_of

if TYPE_CHECKING:  # a first list of the tools needs no parser
    from tree_sitter import Node

_OPERATORS = {b"-d", b"-e", b"-f", b"-h", b"-L", b"-n", b"-nt", b"-ot", b"-r", b"-s", b"-w", b"-x", b"-z"}
_SIGNS = {"[", "]", "[[", "]]", "!", "!=", "&&", "=", "==", "||"}
_INNER = {"binary_expression", "test_command", "unary_expression"}


def check_test(node: Node, variables: Variables) -> None:
    """Raise `Refused` for anything else in a `test_command`."""
    for child in node.children:
        if child.type in _INNER:
            check_test(child, variables)
        elif child.type == "test_operator":
            if child.text not in _OPERATORS:
                raise Refused(
                    f"{(child.text or b'').decode()}: only -e, -f, -d, -s, -n, -z and the like are tested here"
                )
        elif child.type not in _SIGNS and word_of(child, variables).may_be_option:
            raise Refused(f"{(child.text or b'').decode()}: this could become an operator; write it out")
