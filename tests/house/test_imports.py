"""Imports point one way: server → agents → kernel and server → toolkits → kernel."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import PACKAGES, ROOMS, room_sources, shown, sources

SDK = {"mcp", "mcp_types"}
SDK_ROOM = "server/toolyard/mcp/"
ADAPTER = "agents/toolyard_agents/telemetry/adapter.py"
FACADE = {"__getattr__", "__dir__"}


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, by statement or by a literal name."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level):
                yield "." * level + (module or "")
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
            case _:
                pass


def imported_packages(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    own = room.rpartition("/")[2]
    forbidden = PACKAGES - {own, *ROOMS[room]}
    wrong = {shown(path): found for path in sources(room) if (found := imported_packages(path) & forbidden)}
    assert not wrong


def test_imports_are_absolute() -> None:
    assert not [shown(path) for path in room_sources() if any(name.startswith(".") for name in imported(path))]


def test_only_the_wire_imports_the_mcp_sdk() -> None:
    elsewhere = (path for path in room_sources() if not shown(path).startswith(SDK_ROOM))
    assert not [shown(path) for path in elsewhere if imported_packages(path) & SDK]


def test_only_its_adapter_imports_opentelemetry() -> None:
    assert [shown(path) for path in room_sources() if "opentelemetry" in imported_packages(path)] == [ADAPTER]


def test_an_init_file_only_re_exports() -> None:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    wrong = [
        f"{shown(path)}: {node.name}"
        for path in room_sources()
        if path.name == "__init__.py"
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, definitions) and node.name not in FACADE
    ]
    assert not wrong


def test_imports_inside_functions_and_by_name_are_seen(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text("def f():\n import a.b\n from c import d\nimport_module('e.f')\nimportlib.import_module('g')\n")
    assert imported_packages(source) == {"a", "c", "e", "g"}
