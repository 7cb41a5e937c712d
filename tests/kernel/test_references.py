"""A result that is too long says where it can be read, in a way that is open to whoever reads that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.kernel.door import OPEN, open_door
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.calls.outcomes import ToolCall
from toolyard_kernel.ledger.ledger import NoLedger
from toolyard_kernel.profiles.builtin import UNRESTRICTED
from toolyard_kernel.profiles.profile import PermissionProfile
from toolyard_kernel.references.memory import MemoryReferences
from toolyard_kernel.references.tool import resolve_tool
from toolyard_kernel.tools.define import define_tool

pytestmark = pytest.mark.anyio
NO_READER = UNRESTRICTED & PermissionProfile.model_validate(
    {**UNRESTRICTED.model_dump(), "tools": {"deny": ["resolve_ref"]}}
)


@pytest.mark.parametrize(
    ("profile", "told"),
    [(UNRESTRICTED, "read the whole with resolve_ref and ref ref_"), (NO_READER, "read the whole at toolyard://")],
)
async def test_who_may_not_call_the_tool_is_told_the_resource(
    tmp_path: Path, profile: PermissionProfile, told: str
) -> None:
    store = MemoryReferences()
    talk = define_tool(name="talk", description="Talk.", input_schema=OPEN, handler=lambda args, ctx: "x" * 100_000)
    door = open_door(tmp_path, talk, resolve_tool(store), ledger=NoLedger())
    gate = replace(door.gate, references=store)
    outcome = await gate.call(ToolCall(tool="talk", arguments={}), Caller(id="ann", profile=profile))
    assert told in outcome.text
