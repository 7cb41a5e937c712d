"""The files that the house rules are about."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Each room, with the rooms it may import from.
ROOMS = {
    "kernel/toolyard_kernel": (),
    "toolkits/toolyard_toolkits": ("toolyard_kernel",),
    "agents/toolyard_agents": ("toolyard_kernel",),
    "server/toolyard": ("toolyard_kernel", "toolyard_toolkits", "toolyard_agents"),
}
MADE = re.compile(r"/([.](?!ci/|gitignore)|__pycache__/|dist/)")
PACKAGES = frozenset(room.rpartition("/")[2] for room in ROOMS)


def sources(room: str) -> Iterator[Path]:
    return (ROOT / room).rglob("*.py")


def room_sources() -> Iterator[Path]:
    return (path for room in ROOMS for path in sources(room))


def repository_files() -> list[Path]:
    """What is in the repository, or would be after `git add --all`."""
    if not (ROOT / ".git").exists():  # an unpacked archive
        return sorted(path for path in ROOT.rglob("*") if path.is_file() and not MADE.search(f"/{shown(path)}"))
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    paths = {ROOT / name for name in listed.split("\0") if name}
    return sorted(path for path in paths if path.is_file())


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
