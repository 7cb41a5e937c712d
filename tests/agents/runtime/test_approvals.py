"""Asks wait at the runtime's desk until somebody answers them: once, in time, from wherever."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.agents.runtime.yard import (
    SAFE,
    delete,
    drain,
    drive,
    note,
    results_of,
    runtime_of,
    script,
    spec_of,
    types_of,
)
from tests.agents.storage.places import KINDS, place
from toolyard import PermissionProfile, StorageSpec, define_coordinator, define_specialist
from toolyard.testing import FakeModel

pytestmark = pytest.mark.anyio

DELETE = script(("note", {"word": "before"}), ("delete", {"sku": "1"}))


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[StorageSpec]:
    with place(request.param, tmp_path) as found:
        yield found


async def test_what_waits_is_listed_with_all_that_is_decided_about(storage: StorageSpec) -> None:
    done: list[Any] = []
    async with runtime_of(spec_of(storage), done) as runtime, asyncio.timeout(SAFE):
        async for event in runtime.run_specialist("helper", DELETE, "t"):
            if event["type"] != "approval_required":
                continue
            (waits,) = await runtime.pending_approvals()
            assert waits["id"] == event["approval_id"]
            assert (waits["tool"], waits["arguments"], waits["state"]) == ("delete", {"sku": "1"}, "pending")
            assert (waits["agent"], waits["thread_id"], waits["run_id"]) == ("helper", "t", event["run_id"])
            assert waits["expires"] > waits["asked"]
            await runtime.respond_to_approval(event["approval_id"], "approve")
            assert await runtime.pending_approvals() == []
    assert done == [("note", "before"), ("delete", "1")]


async def test_the_feedback_reaches_the_model_whatever_the_answer_is() -> None:
    for outcome in ("approve", "reject", "revise"):
        model = FakeModel()
        model.add_tool_calls([("delete", {"sku": "1"})])
        model.add_response("done")
        spec = spec_of(agents=[define_specialist("a", prompt="x", tools=[delete])])
        async with runtime_of(spec, interpreter=model) as runtime, asyncio.timeout(SAFE):
            async for event in runtime.query("go", "t"):
                if event["type"] == "approval_required":
                    await runtime.respond_to_approval(event["approval_id"], outcome, feedback="mind the gap")
        told = model.requests[1].messages[-1].content
        assert "mind the gap" in told
        assert ("deleted 1" in told) is (outcome == "approve")


async def test_another_process_can_answer(storage: StorageSpec, tmp_path: Path) -> None:
    if storage.kind == "memory":
        pytest.skip("memory is of one process")
    code = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from toolyard import StorageSpec
from tests.agents.runtime.yard import runtime_of, spec_of
async def main():
    async with runtime_of(spec_of(StorageSpec.model_validate_json(sys.argv[2]))) as runtime:
        (waits,) = await runtime.pending_approvals()
        await runtime.respond_to_approval(waits["id"], "approve", feedback="from afar")
asyncio.run(main())
"""
    here = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", code, here, storage.model_dump_json()]
    done: list[Any] = []
    async with runtime_of(spec_of(storage), done) as runtime, asyncio.timeout(SAFE):
        async for event in runtime.run_specialist("helper", DELETE, "t"):
            if event["type"] == "approval_required":
                answering = await asyncio.to_thread(subprocess.run, command, env=dict(os.environ), check=False)
                assert answering.returncode == 0
    assert done[-1] == ("delete", "1")


async def test_an_ask_that_nobody_answers_in_time_is_a_no_and_expires() -> None:
    hasty = PermissionProfile.model_validate({"profile": "hasty", "approval": {"deadline": "0.1s"}})
    done: list[Any] = []
    spec = spec_of(agents=[define_specialist("a", prompt="x", tools=[delete, note], profile=hasty)])
    async with runtime_of(spec, done) as runtime, asyncio.timeout(SAFE):
        events = await drain(runtime.query(DELETE, "t"))
        (asked,) = [event["approval_id"] for event in events if event["type"] == "approval_required"]
        assert await runtime.pending_approvals() == []
        with pytest.raises(LookupError, match="expired"):
            await runtime.respond_to_approval(asked, "approve")
    assert done == [("note", "before")]
    assert "within 0.1s" in results_of(events)[-1]


async def test_whoever_leaves_withdraws_the_ask() -> None:
    async with runtime_of() as runtime, asyncio.timeout(SAFE):
        asked = ""
        async with aclosing(runtime.run_specialist("helper", DELETE, "t")) as stream:
            async for event in stream:
                if event["type"] == "approval_required":
                    asked = event["approval_id"]
                    break
        assert await runtime.pending_approvals() == []
        with pytest.raises(LookupError, match="withdrawn"):
            await runtime.respond_to_approval(asked, "approve")


async def test_one_of_many_answers_at_once_counts() -> None:
    done: list[Any] = []
    async with runtime_of(done=done) as runtime, asyncio.timeout(SAFE):
        async for event in runtime.run_specialist("helper", DELETE, "t"):
            if event["type"] == "approval_required":
                id = event["approval_id"]
                answers = [runtime.respond_to_approval(id, said) for said in ("approve", "reject", "approve") * 5]
                said = await asyncio.gather(*answers, return_exceptions=True)
                assert [isinstance(one, LookupError) for one in said].count(False) == 1
    assert done in ([("note", "before")], [("note", "before"), ("delete", "1")])


async def test_the_ask_of_a_delegate_waits_in_its_askers_thread() -> None:
    done: list[Any] = []
    async with runtime_of(done=done) as runtime, asyncio.timeout(SAFE):
        prompt = script(("delegate", {"prompt": DELETE, "agent": "helper"}))
        async for event in runtime.query(prompt, "t"):
            if event["type"] == "approval_required":
                (waits,) = await runtime.pending_approvals()
                assert (waits["agent"], waits["thread_id"]) == ("helper", "t")
                await runtime.respond_to_approval(waits["id"], "approve")
    assert done == [("note", "before"), ("delete", "1")]


async def test_an_agent_that_the_program_trusts_with_auto_approve_asks_nobody_but_its_delegates_do() -> None:
    agents = [
        define_coordinator("boss", prompt="x", tools=[delete], routes=["helper"], auto_approve=True),
        define_specialist("helper", prompt="x", tools=[delete], auto_approve=True),
    ]
    done: list[Any] = []
    prompt = script(
        ("delete", {"sku": "own"}), ("delegate", {"prompt": script(("delete", {"sku": "x"})), "agent": "helper"})
    )
    async with runtime_of(spec_of(agents=agents), done) as runtime, asyncio.timeout(SAFE):
        events = await drive(runtime, runtime.query(prompt, "t"), "reject")
    assert done == [("delete", "own")], "a run that was delegated to is not one that the program started"
    asked = [event for event in events if event["type"] == "approval_required" and event.get("approval_id")]
    assert [event["agent"] for event in asked] == ["helper"]
    assert types_of(events)[-1] == "turn_complete"
