"""The lines that stand for the entries of a folder."""

from __future__ import annotations

from toolyard_kernel.backends import Entry
from toolyard_toolkits.backends.refusals import visible
from toolyard_toolkits.names import Names


def entry_line(entry: Entry, names: Names) -> str:
    """The line for `entry`, which `names` lead to."""
    path = visible("/".join(names))
    match entry.kind:
        case "folder":
            return f"{path}/"
        case "link":
            return f"{path} -> {visible(entry.target or '')}"
        case "file":
            return f"{path}  {entry.size} bytes"
        case special:
            return f"{path}  ({special})"


def closed_line(names: Names, reason: str) -> str:
    """The line for a folder that cannot be opened."""
    return f"{visible('/'.join(names))}/  (cannot be opened: {reason})"
