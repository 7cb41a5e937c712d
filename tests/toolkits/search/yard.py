"""A root folder, and the gate that its tools are called through, with ripgrep and without it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.backends import Backend, Captured, Command, Completed, Directory
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.ledger.ledger import NoLedger
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.registry import Registry
from toolyard_toolkits.backends import LocalBackend, SandboxBackend
from toolyard_toolkits.search import SearchToolkit

CANARY = "canary-that-must-not-sing"


def why_no_ripgrep() -> str | None:
    """Why ripgrep cannot run here."""
    return "ripgrep is not installed" if shutil.which("rg") is None else SandboxBackend().missing


needs_ripgrep = pytest.mark.skipif(why_no_ripgrep() is not None, reason=why_no_ripgrep() or "")


@dataclass(slots=True)
class Recording:
    """The sandbox, which also keeps what it ran and how that ended."""

    sandbox: SandboxBackend = field(default_factory=SandboxBackend)
    ran: list[tuple[Command, Completed]] = field(default_factory=list[tuple[Command, Completed]])
    name: str = "recording"
    confines: bool = True
    missing: str | None = None

    def open(self, folder: Path) -> AbstractContextManager[Directory]:
        return self.sandbox.open(folder)

    async def run(self, command: Command) -> Completed:
        completed = await self.sandbox.run(command)
        self.ran.append((command, completed))
        return completed

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return self.sandbox.lifespan()


@dataclass(slots=True)
class Unconfined:
    """This machine, which runs what it is told without a sandbox, in a tenth of the time."""

    local: LocalBackend = field(default_factory=LocalBackend)
    ran: list[Completed] = field(default_factory=list[Completed])
    name: str = "unconfined"
    confines: bool = True
    missing: str | None = None

    def open(self, folder: Path) -> AbstractContextManager[Directory]:
        return self.local.open(folder)

    async def run(self, command: Command) -> Completed:
        ended = subprocess.run(
            command.argv, cwd=command.folder, env=command.environment, capture_output=True, check=False
        )
        output, errors = (Captured(head=text, total=len(text)) for text in (ended.stdout, ended.stderr))
        self.ran.append(Completed(exit_code=ended.returncode, duration=0, output=output, errors=errors))
        return self.ran[-1]

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        return self.local.lifespan()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    gate: Gate
    caller: Caller

    async def call(self, tool: str, **arguments: Any) -> Outcome:
        return await self.gate.call(ToolCall(tool=tool, arguments=arguments), self.caller)

    async def grep(self, pattern: str, **how: Any) -> Outcome:
        return await self.call("grep", pattern=pattern, **how)

    async def glob(self, pattern: str, **how: Any) -> Outcome:
        return await self.call("glob", pattern=pattern, **how)


def door(root: Path, *, backend: Backend | None = None, ripgrep: bool = False, **limits: Any) -> Door:
    """A door to the tools; with `ripgrep` it is asked from the second file on."""
    settings = SearchToolkit.Settings(root=root)
    toolkit = SearchToolkit(settings, backend=backend or LocalBackend(), ripgrep=ripgrep, ripgrep_from=0)
    registry = Registry()
    for tool in toolkit.tools():
        registry.register(tool, toolkit=toolkit.name)
    profile = PermissionProfile.model_validate({"limits": limits})
    gate = Gate(registry=registry, recorder=Recorder(NoLedger()), approvals=Approvals(root))
    return Door(gate=gate, caller=Caller(id="test", profile=profile))


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Make the files, each with its content, below `root`."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def found_in(outcome: Outcome) -> list[str]:
    """The lines of an answer between the one above and the notes below."""
    assert outcome.ok, outcome.text
    return [line for line in outcome.text.split("\n")[1:] if not line.startswith("[")]


def notes_of(outcome: Outcome) -> list[str]:
    assert outcome.ok, outcome.text
    return [line for line in outcome.text.split("\n")[1:] if line.startswith("[")]
