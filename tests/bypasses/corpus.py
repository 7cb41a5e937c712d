"""The corpus of attempts and of honest work: YAML files beside this one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

Attempt = dict[str, Any]
"""One entry: `id`, `source`, what to attempt, and whatever else the file's runner reads."""

HERE = Path(__file__).parent
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def load(name: str) -> list[Attempt]:
    """The entries of the file `name`, such as `shell` for `shell.yaml`, each with an id of its own.

    Raises:
        ValueError: an entry has no id, or a wrong one, or one that another has, or no word about its source.
    """
    entries = cast("list[Attempt]", yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8")) or [])
    seen = Counter(str(entry.get("id")) for entry in entries)
    for entry in entries:
        if not ID.fullmatch(str(entry.get("id"))):
            raise ValueError(f"{name}.yaml: {entry!r} needs an id in kebab-case")
        if seen[entry["id"]] > 1:
            raise ValueError(f"{name}.yaml: {entry['id']!r} is there {seen[entry['id']]} times")
        if not name.startswith("honest") and not entry.get("source"):
            raise ValueError(f"{name}.yaml: {entry['id']!r} needs its source: a report, or the class it belongs to")
    return entries


def params(name: str) -> list[Any]:
    """The entries as parameters of a test, named by their ids."""
    return [pytest.param(entry, id=entry["id"]) for entry in load(name)]
