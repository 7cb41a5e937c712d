"""A file fits one reading, and a function does one thing."""

from __future__ import annotations

import ast
from itertools import chain
from pathlib import Path

from tests.house.sources import ROOT, room_sources, shown

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}


def python_files() -> list[Path]:
    return sorted(
        chain(room_sources(), *((ROOT / folder).rglob("*.py") for folder in ("tests", "examples", "benchmarks", ".ci")))
    )


def test_a_file_has_at_most_400_lines() -> None:
    lengths = {shown(path): len(path.read_text().splitlines()) for path in python_files()}
    assert not {name: length for name, length in lengths.items() if length > MOST_LINES_OF_A_FILE}


def test_a_function_has_at_most_60_lines() -> None:
    long = [
        f"{shown(path)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_LINES_OF_A_FUNCTION
    ]
    assert not long


def test_a_file_or_folder_is_named_after_what_is_in_it() -> None:
    paths = (path.relative_to(ROOT).with_suffix("") for path in python_files())
    assert not [str(path) for path in paths if NAMES_THAT_SAY_NOTHING.intersection(path.parts)]
