"""Where a command's streams may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolyard_toolkits.shell.fence.refusing import Refused
from toolyard_toolkits.shell.fence.words import Variables, Word, word_of

if TYPE_CHECKING:  # a first list of the tools needs no parser
    from tree_sitter import Node

_WRITING = (">", ">>", "&>", "&>>", ">|")
_NULL = Word("/dev/null")


def check_redirect(node: Node, variables: Variables, *, writable: bool) -> None:
    """Raise `Refused` for a `file_redirect` that leads to a device, or writes where nothing may be written."""
    text = (node.text or b"").decode()
    operator = next((child.type for child in node.children if not child.is_named), "")
    targets = [child for child in node.named_children if child.type != "file_descriptor"]
    descriptors = [child.text for child in node.named_children if child.type == "file_descriptor"]
    if len(targets) != 1 or any(one not in (b"0", b"1", b"2") for one in descriptors):
        raise Refused(f"{text}: only the streams 0, 1 and 2 are redirected here")
    target = word_of(targets[0], variables)
    if operator == ">&" and target.text in ("1", "2") and target.exact:
        return
    if operator not in ("<", *_WRITING):
        raise Refused(f"{text}: this redirection is not used here; `2>&1`, `2>/dev/null` and `<FILE` are")
    if target == _NULL:
        return
    if not target.exact or "/dev/" in target.text or "/proc/" in target.text:
        raise Refused(f"{text}: a redirection leads to a file whose name is written out, and to no device")
    if operator in _WRITING and not writable:
        raise Refused(f"{text}: this would write a file, and this profile only reads; only /dev/null may be written to")
