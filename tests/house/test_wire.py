"""A tool that says `wire=False` keeps to it: no code below its handler looks at the caller's own connection."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.sources import ROOT, shown, sources

OF_THE_WIRE = frozenset({"wire", "door", "resumed"})
PLAIN = (*sources("toolkits/toolyard_toolkits"), ROOT / "kernel/toolyard_kernel/references/tool.py")
"""All of whose tools are plain."""


def looks(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Attribute) and node.attr in OF_THE_WIRE:
            yield f"{shown(path)}:{node.lineno}: .{node.attr}"


def test_no_built_in_toolkit_looks_at_the_wire() -> None:
    assert [look for path in PLAIN for look in looks(path)] == []


def test_each_of_their_tools_says_so() -> None:
    """Else their calls would cost more than they need."""
    made = [
        (path, node)
        for path in PLAIN
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tool", "define_tool")
    ]
    says = {f"{shown(path)}:{node.lineno}": any(each.arg == "wire" for each in node.keywords) for path, node in made}
    assert len(says) > 10
    assert [place for place, said in says.items() if not said] == []
