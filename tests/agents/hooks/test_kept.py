"""What is kept of a conversation is redacted in each of its entries, and so is what is too long to be answered with."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.agents.hooks.corpus import ALL, leaks
from tests.agents.session.yard import model_of
from toolyard import (
    Agent,
    PIIRedactionHook,
    PolicyHooks,
    Runtime,
    Session,
    State,
    StorageSpec,
    create_runtime,
    define_runtime,
    define_specialist,
    define_tenant,
    tool,
)
from toolyard_agents.hooks.events import redacted_change
from toolyard_agents.hooks.redaction import Redaction
from toolyard_agents.messages import ToolRequest

pytestmark = pytest.mark.anyio

REDACTED = PolicyHooks(pii_redaction=PIIRedactionHook())


def test_each_kind_of_entry_is_written_redacted_and_stays_what_it_was_in_this_process(tmp_path: Path) -> None:
    state = State()
    state.add_user_message(ALL)
    state.write_as(partial(redacted_change, Redaction((PIIRedactionHook(),))))
    state.note(ALL)
    state.add_assistant_message(ALL, [ToolRequest(id="c1", name=ALL, arguments=ALL)])
    state.add_tool_result("c1", ALL)
    state.add_user_message(ALL)
    state.replace_with_summary(ALL, 10, 5, replaced=[0, 1])
    state.to_jsonl(tmp_path / "state.jsonl")
    assert leaks((tmp_path / "state.jsonl").read_text()) == []
    assert {message.content for message in state.messages} == {ALL}
    assert {message.content for message in State.from_jsonl(tmp_path / "state.jsonl").messages} != {ALL}


async def test_a_summary_is_written_redacted() -> None:
    session = Session(Agent(name="a", model=model_of("x", "y", ALL), tools=[], policy_hooks=REDACTED))
    await session.run("one")
    await session.run("two")
    assert (await session.compact()).summary == ALL
    assert leaks(repr(session.state.entries)) == []


async def test_a_result_that_is_too_long_is_kept_redacted(tmp_path: Path) -> None:
    @tool
    async def large() -> str:
        """Answer with much."""
        return f"{ALL}\n" * 40

    path = tmp_path / "kept.db"
    spec = define_runtime(
        tenant=define_tenant("acme", "v1"),
        storage=StorageSpec(kind="sqlite", path=str(path)),
        agents=[define_specialist("a", prompt="Do.", tools=[large])],
    )
    async with create_runtime(spec, interpreter=model_of([("large", {})], "x"), policy_hooks=REDACTED) as runtime:
        events = [event async for event in runtime.run_specialist("a", "go", "t1")]
        (answer,) = [event["tool_result"] for event in events if event["type"] == "tool_end"]
        assert "read the whole with resolve_ref" in answer
    assert "[EMAIL]" in path.read_bytes().decode(errors="replace")
    assert leaks(path.read_bytes().decode(errors="replace")) == []


async def test_the_names_of_an_agent_and_its_tools_are_redacted_in_a_trace_which_is_played_again(
    tmp_path: Path,
) -> None:
    name = "10.20.30.40"

    def runtime_of(*turns: str) -> Runtime:
        runtime = Runtime(trace_dir=tmp_path, policy_hooks=REDACTED)
        runtime.register_agent(Agent(name=name, model=model_of(*turns), tools=[]))
        return runtime

    result = await runtime_of("done").run(name, "go")
    assert leaks((tmp_path / f"{result.trace_id}.jsonl").read_text()) == []
    assert (await runtime_of().replay(result.trace_id, name)).text == "done"
