"""A gate made of real parts, with a ledger in a folder of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolyard_kernel.approvals.asks import Answer, Approver, Ask
from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.context import Report, ToolContext, checked_services, unheard
from toolyard_kernel.calls.decisions import Decision
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.content import JsonObject
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.ledger.ledger import Ledger
from toolyard_kernel.ledger.reading import read_records
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.profiles.builtin import UNRESTRICTED
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.define import define_tool
from toolyard_kernel.tools.registry import Registry
from toolyard_kernel.tools.tool import Handler, Tool, ToolHandler

SAFE = 20
"""Seconds until a test that would wait for ever fails instead."""

OPEN: JsonObject = {"type": "object"}
"""A schema that any JSON object fits."""

NEEDS_N: JsonObject = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
"""A schema that needs the integer `n`."""


@dataclass
class Runs:
    """A handler that remembers what it was run with."""

    arguments: list[Any] = field(default_factory=list[Any])

    def __call__(self, arguments: Any, ctx: ToolContext) -> str:
        self.arguments.append(arguments)
        return "ran"


def act(handler: Handler, **options: Any) -> Tool:
    """A tool named `act` that takes any object."""
    given: dict[str, Any] = {"name": "act", "description": "", "input_schema": OPEN, **options}
    return define_tool(handler=handler, **given)


def profile_of(**fields: Any) -> PermissionProfile:
    return PermissionProfile.model_validate(fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """The way back to a caller that listens to progress, and answers an ask with `answer`."""

    hear: Report = unheard
    answer: Answer | None = None
    wire: None = None
    resumed: None = None

    async def report(self, value: float, total: float | None, message: str | None) -> None:
        await self.hear(value, total, message)

    async def emit(self, kind: str, data: JsonObject) -> None:
        """Nobody watches."""

    async def elicit(self, ask: Ask) -> Answer | None:
        return self.answer

    async def started(self) -> None:
        """It does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    gate: Gate
    state: Path

    @property
    def caller(self) -> Caller:
        return Caller(id="tester", profile=UNRESTRICTED)

    async def call(
        self,
        tool: str,
        arguments: JsonObject | None = None,
        *,
        profile: PermissionProfile = UNRESTRICTED,
        report: Report = unheard,
    ) -> Outcome:
        caller = Caller(id="tester", profile=profile)
        async with asyncio.timeout(SAFE):
            return await self.gate.call(ToolCall(tool=tool, arguments=arguments or {}), caller, Listener(hear=report))

    def explain(self, tool: str, arguments: JsonObject | None = None, *, profile: PermissionProfile) -> Decision:
        return self.gate.explain(ToolCall(tool=tool, arguments=arguments or {}), Caller(id="tester", profile=profile))

    def listed(self, profile: PermissionProfile) -> list[str]:
        return [entry.tool.name for entry in self.gate.visible(Caller(id="tester", profile=profile))]

    def records(self) -> list[dict[str, Any]]:
        return list(read_records(self.state))

    def events(self) -> list[tuple[str, str | None]]:
        """Every record as its event and its status."""
        return [(record["event"], record.get("status")) for record in self.records()]

    def written(self) -> str:
        """All of the ledger as it is on the disk."""
        return "".join(path.read_text() for path in sorted(self.state.rglob("*.jsonl")))


def open_door(
    state: Path,
    *tools: Tool | ToolHandler,
    approver: Approver | None = None,
    services: Mapping[str, Any] | None = None,
    ledger: Ledger | None = None,
) -> Door:
    registry = Registry()
    for tool in tools:
        registry.register(tool)
    recorder = Recorder(ledger or FileLedger(state))
    gate = Gate(
        registry=registry,
        recorder=recorder,
        approvals=Approvals(state),
        services=checked_services(services),
        approver=approver,
    )
    return Door(gate=gate, state=state)
