"""A root folder with a secret beside it, and the gate that its tools are called through."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.backends import Backend
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import ToolContext
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.ledger.ledger import NoLedger
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.registry import Registry
from toolyard_toolkits.backends import LocalBackend
from toolyard_toolkits.files import FilesToolkit

CANARY = "canary-that-must-not-sing"
INSIDE = "inside of the root"

NUMBERED = re.compile(r" *([0-9]+)\t(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    gate: Gate
    caller: Caller

    async def call(self, tool: str, **arguments: Any) -> Outcome:
        return await self.gate.call(ToolCall(tool=tool, arguments=arguments), self.caller)

    async def read(self, path: str, **lines: int | None) -> Outcome:
        return await self.call("read", path=path, **lines)

    async def list(self, path: str = ".", **how: Any) -> Outcome:
        return await self.call("list", path=path, **how)

    async def write(self, path: str, content: str) -> Outcome:
        return await self.call("write", path=path, content=content)

    async def edit(self, path: str, old: str, new: str, **how: bool) -> Outcome:
        return await self.call("edit", path=path, old_string=old, new_string=new, **how)


def door(root: Path, *, openat2: bool = True, output_bytes: int = 20_000, file_write: str = "full") -> Door:
    """A door to the tools for `root`, for a caller who is never asked."""
    return door_to(LocalBackend(openat2=openat2), root, output_bytes=output_bytes, file_write=file_write)


def door_to(backend: Backend, root: Path, *, output_bytes: int = 20_000, file_write: str = "full") -> Door:
    toolkit = FilesToolkit(FilesToolkit.Settings(root=root), backend=backend)
    registry = Registry()
    for tool in toolkit.tools():
        registry.register(tool, toolkit=toolkit.name)
    rules = {"file_write": file_write, "approval": {"mode": "none"}, "limits": {"output_bytes": output_bytes}}
    profile = PermissionProfile.model_validate(rules)
    gate = Gate(registry=registry, recorder=Recorder(NoLedger()), approvals=Approvals(root))
    return Door(gate=gate, caller=Caller(id="test", profile=profile))


def preview_of(door: Door, tool: str, **arguments: Any) -> str:
    """What a person is shown who is asked for a call."""
    entry = door.gate.registry.find(tool)
    assert entry
    assert entry.tool.preview
    ctx = ToolContext(caller=door.caller, call_id="1", tool=tool)
    return str(entry.tool.preview(entry.parse(arguments), ctx))


def lines_of(outcome: Outcome) -> list[tuple[int, str]]:
    """The numbered lines of an answer of `read`."""
    assert outcome.ok, outcome.text
    found = (NUMBERED.fullmatch(line) for line in outcome.text.split("\n")[1:])
    return [(int(line[1]), line[2]) for line in found if line]


def frame_of(outcome: Outcome) -> tuple[str, str]:
    """What an answer says above and below its lines."""
    first, *_, last = [*outcome.text.split("\n"), ""] if "\n[" not in outcome.text else outcome.text.split("\n")
    return first, last


def entries_of(outcome: Outcome) -> Sequence[str]:
    """The entries of an answer of `list`, without what is said above and below them."""
    assert outcome.ok, outcome.text
    return [line for line in outcome.text.split("\n")[1:] if " more not shown: " not in line]


def fill(folder: Path) -> Path:
    """Make a root and its surroundings in `folder`; every way out of the root leads to the canary."""
    root, outside = folder / "root", folder / "outside"
    for made in (root / "sub/deep", outside):
        made.mkdir(parents=True)
    for inside in ("notes.txt", "sub/notes.txt", "sub/deep/notes.txt"):
        (root / inside).write_text(f"{INSIDE}\n")
    for secret in (folder / "secret.txt", outside / "secret.txt", outside / CANARY):
        secret.write_text(f"{CANARY}\n")
    for link, target in (
        ("link", "../secret.txt"),
        ("absolute", str(folder / "secret.txt")),
        ("chain", "link"),
        ("up", ".."),
        ("out", "../outside"),
        ("loop", "loop"),
        ("dangling", "../no-such-file"),
        ("magic", "/proc/self/root"),
        ("sub/up", "../.."),
        ("sub/deep/link", "../../../secret.txt"),
    ):
        (root / link).symlink_to(target)
    return root


def snapshot(folder: Path, *, without: Path | None = None) -> dict[str, str]:
    """Every name below a folder, with what the files hold and where the links point; `without` is left out."""
    found: dict[str, str] = {}
    for above, folders, files in os.walk(folder, onerror=_fail):
        if without:
            folders[:] = [name for name in folders if Path(above, name) != without]
        for path in (Path(above, name) for name in (*folders, *files)):
            found[str(path.relative_to(folder))] = _about(path)
    return found


def _fail(error: OSError) -> None:
    raise error


def _about(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"-> {path.readlink()}"
    if stat.S_ISREG(mode):
        return path.read_bytes().decode(errors="replace")
    return stat.filemode(mode)
