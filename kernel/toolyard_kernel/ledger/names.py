"""What the files of a ledger are called."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

FOLDER = "ledger"
INDEX = "index"
_NAME = re.compile(r"(?P<chain>\d{8}T\d{6}-\d+-[0-9a-f]{8})\.(?P<part>\d{4,})\.jsonl")


def new_chain() -> str:
    """The name of a process's own chain of files: when it began, which process, and chance."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}"


def part_name(chain: str, part: int) -> str:
    """The name of a chain's file after `part` rotations."""
    return f"{chain}.{part:04}.jsonl"


def split_name(name: str) -> tuple[str, int] | None:
    """The chain and the part of a file's name; None when no ledger wrote it."""
    found = _NAME.fullmatch(name)
    if found is None or name != part_name(found["chain"], int(found["part"])):
        return None
    return found["chain"], int(found["part"])


def began(chain: str) -> str:
    """When a chain began, as its records write a time, to the second."""
    return f"{chain[:4]}-{chain[4:6]}-{chain[6:8]}T{chain[9:11]}:{chain[11:13]}:{chain[13:15]}"


def chains_of(names: Iterable[str]) -> dict[str, list[int]]:
    """The parts that are there of each chain, both in their order."""
    found: dict[str, list[int]] = {}
    for chain, part in sorted(filter(None, map(split_name, names))):
        found.setdefault(chain, []).append(part)
    return found


def ledger_files(folder: Path) -> list[str]:
    """The names of the files in a ledger's folder, in order; nothing for a folder that is not there."""
    return sorted(path.name for path in folder.glob("*.jsonl"))
