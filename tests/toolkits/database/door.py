"""The gate that the tools of databases are called through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolyard_kernel.approvals.store import Approvals
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.gate import Gate
from toolyard_kernel.calls.outcomes import Outcome, ToolCall
from toolyard_kernel.ledger.ledger import NoLedger
from toolyard_kernel.ledger.recorder import Recorder
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.tools.registry import Registry
from toolyard_toolkits.backends import LocalBackend
from toolyard_toolkits.database import DatabaseToolkit

MUTATIONS = {"database": "mutations", "approval": {"mode": "none"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`connection` is what calls ask that name none."""

    gate: Gate
    caller: Caller
    toolkit: DatabaseToolkit
    connection: str

    async def call(self, tool: str, **arguments: Any) -> Outcome:
        call = ToolCall(tool=tool, arguments={"connection": self.connection, **arguments})
        return await self.gate.call(call, self.caller)

    async def query(self, sql: str, **more: Any) -> Outcome:
        return await self.call("sql_query", sql=sql, **more)

    async def rows(self, sql: str, **more: Any) -> list[list[Any]]:
        outcome = await self.query(sql, **more)
        assert outcome.ok, outcome.text
        assert outcome.structured
        found: list[list[Any]] = outcome.structured["rows"]
        return found


def toolkit_of(
    connections: Mapping[str, Any], *, root: Path | None = None, base: Path | None = None, fence: bool = True
) -> DatabaseToolkit:
    written = {"connections": connections, **({"root": root} if root else {})}
    settings = DatabaseToolkit.Settings.model_validate(written, context={"base": base} if base else None)
    return DatabaseToolkit(settings, backend=LocalBackend(), fence=fence)


def door_to(
    toolkit: DatabaseToolkit, state: Path, *, connection: str = "shop", profile: Mapping[str, Any] | None = None
) -> Door:
    """The tools of `toolkit` under a profile that reads, unless `profile` says otherwise."""
    registry = Registry()
    for tool in toolkit.tools():
        registry.register(tool, toolkit=toolkit.name)
    made = PermissionProfile.model_validate({"database": "readonly", **(profile or {})})
    gate = Gate(registry=registry, recorder=Recorder(NoLedger()), approvals=Approvals(state))
    return Door(gate=gate, caller=Caller(id="test", profile=made), toolkit=toolkit, connection=connection)
