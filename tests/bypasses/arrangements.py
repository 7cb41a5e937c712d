"""What an entry of the corpus says about its root: what is in it before, and what somebody does to it meanwhile."""

from __future__ import annotations

import ctypes
import os
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from tests.bypasses.corpus import Attempt
from tests.toolkits.files.yard import CANARY, INSIDE

AT_FDCWD, RENAME_EXCHANGE = -100, 2

Step = dict[str, Any]
Swap = Callable[[], None]


def path_of(attempt: Attempt, root: Path) -> str:
    """The path that an entry gives, with its places filled in."""
    path = attempt["path"]
    if isinstance(path, dict):
        made = cast("Step", path)
        return str(made["repeat"]) * int(made["times"]) + str(made["then"])
    return placed(str(path), root)


def placed(text: str, root: Path) -> str:
    for name, folder in {"tmp": root.parent, "root": root, "outside": root.parent / "outside"}.items():
        text = text.replace(f"{{{name}}}", str(folder))
    return text.replace("{{", "{").replace("}}", "}")


def prepare(root: Path, steps: list[Step]) -> None:
    """Make what an entry's `setup` says."""
    for step in steps:
        kind, name = next(iter(step.items()))
        place = root / str(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        SETUP[kind](root, place, step)


def _link(root: Path, place: Path, step: Step) -> None:
    place.symlink_to(placed(step["to"], root))


def _links(root: Path, place: Path, step: Step) -> None:
    *most, last = (Path(f"{place}{number}") for number in range(step["count"]))
    for link, target in zip(most, [*most[1:], last], strict=True):
        link.symlink_to(target.name)
    last.symlink_to(step["to"])


def _hard(root: Path, place: Path, step: Step) -> None:
    os.link(root / step["to"], place)


def _file(root: Path, place: Path, step: Step) -> None:
    text = CANARY if step["text"] == "canary" else step["text"]
    place.write_bytes(text.encode(step.get("encoding", "utf-8")) * step.get("times", 1))
    place.chmod(step.get("mode", 0o644))


def _folder(root: Path, place: Path, step: Step) -> None:
    place.mkdir()


def _fifo(root: Path, place: Path, step: Step) -> None:
    os.mkfifo(place)


def _socket(root: Path, place: Path, step: Step) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(os.path.relpath(place)))


def _device(root: Path, place: Path, step: Step) -> None:
    try:
        os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(step["major"], step["minor"]))
    except PermissionError:
        pytest.skip("this user makes no devices")


SETUP: dict[str, Callable[[Path, Path, Step], None]] = {
    "link": _link,
    "links": _links,
    "hard": _hard,
    "file": _file,
    "folder": _folder,
    "fifo": _fifo,
    "socket": _socket,
    "device": _device,
}


def exchange(one: Path, other: Path) -> Swap:
    """Two names change places, with nothing between the two."""
    if sys.platform != "linux":
        pytest.skip("names are exchanged with renameat2, which is Linux's")
    rename = ctypes.CDLL(None, use_errno=True).renameat2
    names = os.fsencode(one), os.fsencode(other)

    def swap() -> None:
        rename(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE)

    return swap


def file_and_link(root: Path) -> Swap:
    (root / "swap").write_text(INSIDE)
    (root / "evil").symlink_to("../secret.txt")
    return exchange(root / "swap", root / "evil")


def folder_and_link(root: Path) -> Swap:
    (root / "swap").mkdir()
    (root / "swap/secret.txt").write_text(INSIDE)
    (root / "evil").symlink_to("../outside")
    return exchange(root / "swap", root / "evil")


def fifo_and_file(root: Path) -> Swap:
    (root / "swap").write_text(INSIDE)
    os.mkfifo(root / "evil")
    return exchange(root / "swap", root / "evil")


def folder_moved_out(root: Path) -> Swap:
    (root / "swap/inner").mkdir(parents=True)
    (root / "swap/secret.txt").write_text(INSIDE)
    (root / "away").mkdir()
    (root / "away").rename(root.parent / "outside/away")
    inner, away = root / "swap/inner", root.parent / "outside/away"
    return exchange(inner, away)


def link_and_nothing(root: Path) -> Swap:
    (root / "evil").symlink_to("../outside/planted")

    def swap() -> None:
        with suppress(OSError):
            (root / "evil").rename(root / "swap")
        with suppress(OSError):
            (root / "swap").rename(root / "gone")
        with suppress(OSError):
            if (root / "gone").is_symlink():
                (root / "gone").rename(root / "evil")

    return swap


RACES: dict[str, Callable[[Path], Swap]] = {
    "file_and_link": file_and_link,
    "folder_and_link": folder_and_link,
    "fifo_and_file": fifo_and_file,
    "folder_moved_out": folder_moved_out,
    "link_and_nothing": link_and_nothing,
}
