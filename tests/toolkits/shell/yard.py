"""A shell in a root folder, and the gate that it is called through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.backends import Backend
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.ledger.ledger import NoLedger
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.registry import Registry
from toolyard_toolkits.shell import ShellToolkit

READONLY: dict[str, Any] = {"profile": "readonly", "shell": "restricted"}
WRITER: dict[str, Any] = {"profile": "writer", "shell": "restricted", "file_write": "full"}
DEVELOPER: dict[str, Any] = {"profile": "developer", "shell": "unrestricted", "file_write": "full"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    gate: Gate
    caller: Caller

    async def bash(self, command: str, **how: Any) -> Outcome:
        return await self.gate.call(ToolCall(tool="bash", arguments={"command": command, **how}), self.caller)


def shell(
    root: Path, rules: dict[str, Any], *, fence: bool = True, backend: Backend | None = None, **settings: Any
) -> Shell:
    """The shell for a caller with these rules, who is never asked."""
    toolkit = ShellToolkit(ShellToolkit.Settings(root=root, **settings), fence=fence, backend=backend)
    registry = Registry()
    for tool in toolkit.tools():
        registry.register(tool, toolkit=toolkit.name)
    profile = PermissionProfile.model_validate({"approval": {"mode": "none"}, **rules})
    gate = Gate(registry=registry, recorder=Recorder(NoLedger()), approvals=Approvals(root))
    return Shell(gate=gate, caller=Caller(id="test", profile=profile))
