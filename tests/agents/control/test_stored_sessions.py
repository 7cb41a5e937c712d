"""A session that a program keeps in a store is steered as one of the command line is."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.agents.session.yard import SAFE, TOOLS, Call, Turn, check_history, model_of, told
from tests.server.yards import until
from toolyard import Agent, AgentConfig, AgentEvent, Budgets, RunResult, Session, SessionStore, tool
from toolyard.testing import FakeModel
from toolyard_agents.control.control_file import Channel
from toolyard_agents.control.listing import listed
from toolyard_agents.control.records import Command, Verb, to_line
from toolyard_agents.control.remote import Remote
from toolyard_agents.delegation import agent_tool
from toolyard_agents.errors import ControlError
from toolyard_agents.graphs.graph import Graph
from toolyard_agents.policies.default import DEFAULT
from toolyard_agents.policies.graph import GraphPolicy
from toolyard_agents.policies.plan_execute import PlanExecutePolicy
from toolyard_agents.session.emitting import OnEvent
from toolyard_agents.session.run_context import RunContext
from toolyard_agents.traces.reading import read_trace
from toolyard_agents.traces.replaying import replayed
from toolyard_agents.traces.subject import Subject
from toolyard_agents.traces.writing import TraceWriter
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.profiles.profile import PermissionProfile

pytestmark = pytest.mark.anyio

ALL = PermissionProfile.model_validate({"profile": "all", "agents": "all", "approval": {"mode": "none"}})
STAY: list[Any] = [("stay", {})]


class Stage:
    """A stored session whose tool `stay` lasts until `go` is set; `inside` says that it is called."""

    def __init__(self, root: Path, model: FakeModel, tools: Iterable[Any] = (), budgets: Budgets | None = None) -> None:
        self.store = SessionStore(root / "sessions")
        self.go, self.inside = asyncio.Event(), asyncio.Event()
        self.events: list[AgentEvent] = []
        self.on_event: OnEvent | None = self.events.append

        @tool
        async def stay() -> str:
            """Stay."""
            self.inside.set()
            await self.go.wait()
            return "stayed"

        self.stay = stay
        agent = Agent(name="tester", model=model, tools=[stay, *TOOLS, *tools])
        if budgets:
            agent.config = AgentConfig(name="tester", budgets=budgets)
        context = RunContext(caller=Caller(id="python", profile=ALL), trusted=True)
        self.session: Session = self.store.create_session(agent, context=context)

    async def stay_node(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """A node of a graph that stays."""
        self.inside.set()
        await self.go.wait()
        return {"stayed": True}

    @property
    def remote(self) -> Remote:
        return Remote(root=self.store.folder, session_id=self.session.state.session_id)

    async def tell(self, verb: Verb, text: str = "") -> str:
        """From another thread, as if it were another process."""
        return await anyio.to_thread.run_sync(lambda: self.remote.tell(verb, text))

    async def run(self) -> RunResult:
        async with asyncio.timeout(SAFE):
            return await self.session.run("Begin", on_event=self.on_event)

    async def until_status(self, status: str) -> None:
        await until(lambda: [one.status for one in listed(self.store.folder)] == [status])

    def customs(self) -> list[str | None]:
        return [event.content for event in self.events if event.type == "custom"]


async def during(stage: Stage, acts: Callable[[], Any]) -> RunResult:
    """The result of a run, in which this is done while its tool `stay` is called."""
    running = asyncio.create_task(stage.run())
    await stage.inside.wait()
    await acts()
    return await running


async def test_a_program_s_run_is_paused_resumed_and_spoken_to(tmp_path: Path) -> None:
    model = model_of(STAY, "done")
    stage = Stage(tmp_path, model)

    async def acts() -> None:
        assert await stage.tell("pause") == "pauses before its next step"
        assert await stage.tell("say", "one") == "tells its model when it is resumed"
        await stage.tell("say", "two")
        stage.go.set()
        await stage.until_status("paused")
        assert len(model.requests) == 1
        assert await stage.tell("pause") == "is paused"
        assert await stage.tell("resume") == "goes on"

    result = await during(stage, acts)
    assert (result.status, result.text) == ("completed", "done")
    assert told(model.requests[1].messages, "user") == ["Begin", "one", "two"]
    assert stage.customs() == ["paused", "resumed", "said", "said"]
    check_history(stage.session.state)
    with pytest.raises(ControlError, match="goes on: completed; nothing was changed"):
        await stage.tell("say", "three")


async def test_a_run_that_is_not_paused_is_not_resumed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, model_of(STAY, "done"))

    async def acts() -> None:
        with pytest.raises(ControlError, match="is not paused; nothing was changed"):
            await stage.tell("resume")
        stage.go.set()

    assert (await during(stage, acts)).status == "completed"


async def test_what_a_run_delegates_to_waits_with_it_and_is_not_spoken_to(tmp_path: Path) -> None:
    inner, outer = model_of(STAY, "inner"), model_of([("ask_helper", {"prompt": "Help"})], "outer")
    helper = Agent(name="helper", model=inner)
    stage = Stage(tmp_path, outer, [agent_tool(helper)])
    helper.registry.register(stage.stay)

    async def acts() -> None:
        await stage.tell("pause")
        await stage.tell("say", "Hurry")
        stage.go.set()
        await stage.until_status("paused")
        assert (len(inner.requests), len(outer.requests)) == (1, 1)
        await stage.tell("resume")

    assert (await during(stage, acts)).text == "outer"
    assert "Hurry" not in told(inner.requests[1].messages, "user")
    assert told(outer.requests[1].messages, "user") == ["Begin", "Hurry"]


async def test_calls_that_have_not_begun_wait_too_and_are_not_made_when_the_run_is_cancelled(tmp_path: Path) -> None:
    calls: list[Call] = [("stay", {}), *[("double", {"n": n}) for n in range(3)]]
    stage = Stage(tmp_path, model_of(calls, "done"), budgets=Budgets(fan_out=1))

    async def acts() -> None:
        await stage.tell("pause")
        stage.go.set()
        await stage.until_status("paused")
        assert await stage.tell("cancel", "enough") == "was cancelled, and has ended"

    result = await during(stage, acts)
    assert (result.status, result.reason) == ("cancelled", "enough")
    answers = told(stage.session.state.messages, "tool")
    assert answers == ["stayed", *["This call was not made: the run was cancelled before it began."] * 3]


async def test_a_pause_takes_nothing_of_the_time_that_a_run_has(tmp_path: Path) -> None:
    wall_time = 2.0
    stage = Stage(tmp_path, model_of(STAY, "done"), budgets=Budgets(wall_time=wall_time))

    async def acts() -> None:
        await stage.tell("pause")
        stage.go.set()
        await stage.until_status("paused")
        over = time.monotonic() + wall_time
        await until(lambda: time.monotonic() > over)
        await stage.tell("resume")

    assert (await during(stage, acts)).stop_reason == "end"


async def test_a_run_that_asks_somebody_is_seen_to_wait(tmp_path: Path) -> None:
    stage = Stage(tmp_path, model_of([("launch", {"target": "moon"})], STAY, "done"))
    answer = asyncio.Event()

    async def asked(tool_name: str, arguments: dict[str, Any]) -> bool:
        await answer.wait()
        return True

    stage.session.approval_callback = asked
    stage.session.context = RunContext(caller=Caller(id="python", profile=PermissionProfile()))
    running = asyncio.create_task(stage.run())
    await stage.until_status("waiting")
    answer.set()
    await stage.inside.wait()
    await stage.until_status("running")
    stage.go.set()
    assert (await running).status == "completed"


async def test_a_command_is_done_once_and_by_the_run_that_it_is_for(tmp_path: Path) -> None:
    model = model_of(STAY, "done")
    stage = Stage(tmp_path, model)

    def append(*commands: Command) -> None:
        path = stage.store.folder / stage.session.state.session_id / "control.jsonl"
        with path.open("ab") as file:
            file.write(b"".join(map(to_line, commands)))

    async def acts() -> None:
        run_id = str(stage.session.state.run_id)
        append(
            Command(id="1", run_id="another", verb="cancel"), Command(id="2", run_id="another", verb="say", text="x")
        )
        append(*[Command(id="3", run_id=run_id, verb="say", text="once")] * 3)
        await stage.tell("say", "last")
        stage.go.set()

    assert (await during(stage, acts)).status == "completed"
    assert told(model.requests[1].messages, "user") == ["Begin", "once", "last"]


async def test_commands_of_an_earlier_run_do_not_reach_a_later_one(tmp_path: Path) -> None:
    turns: list[Turn] = ["one", STAY, "two"]
    model = model_of(*turns)
    stage = Stage(tmp_path, model)
    first = await stage.run()
    with Channel(root=stage.store.folder, session_id=stage.session.state.session_id).open() as file:
        file.append(Command(id="1", run_id=first.run_id, verb="cancel"))

    async def acts() -> None:
        await stage.tell("pause")
        await stage.tell("resume")
        stage.go.set()

    assert (await during(stage, acts)).status == "completed"


async def test_a_run_that_was_spoken_to_is_played_again_as_it_was(tmp_path: Path) -> None:
    stage = Stage(tmp_path, model_of(STAY, "one", STAY, "two"))
    agent, channel = stage.session.agent, stage.session.channel

    def hear(event: AgentEvent) -> None:
        if event.type == "text" and event.content == "one" and channel:
            with channel.open() as file:
                file.append(Command(id="1", run_id=event.run_id, verb="say", text="And then?"))

    async def acts() -> None:
        await stage.tell("say", "Look again")
        stage.go.set()

    with TraceWriter(folder=tmp_path / "traces", subject=Subject.of(agent, DEFAULT)) as writer:
        stage.session.context = replace(stage.session.context, keep=writer.keep, on_event=hear)
        stage.on_event = None
        result = await during(stage, acts)
    assert told(result.messages, "user") == ["Begin", "Look again", "And then?"]
    again = (await replayed(read_trace(tmp_path / "traces", result.run_id), agent, DEFAULT, {})).result
    assert [message.to_dict() for message in again.messages] == [message.to_dict() for message in result.messages]


async def test_a_plan_hears_what_is_said(tmp_path: Path) -> None:
    model = model_of(json.dumps({"steps": ["look", "tell"]}), STAY, "looked", "told", "all done")
    stage = Stage(tmp_path, model)
    stage.session.context = replace(stage.session.context, policy=PlanExecutePolicy())

    async def acts() -> None:
        await stage.tell("say", "Hurry")
        stage.go.set()

    assert (await during(stage, acts)).text == "all done"
    assert "Hurry" in told(model.requests[2].messages, "user")


async def test_a_graph_pauses_between_its_steps_and_hears_nobody(tmp_path: Path) -> None:
    stage, graph = Stage(tmp_path, model_of()), Graph()
    graph.add_node("first", stage.stay_node)
    graph.add_node("second", lambda state: {"done": True})
    graph.add_edge("first", "second")
    graph.set_exit("second")
    stage.session.context = replace(stage.session.context, policy=GraphPolicy(graph))

    async def acts() -> None:
        with pytest.raises(ControlError, match="follows a graph, and nobody can say anything to its nodes"):
            await stage.tell("say", "Hurry")
        await stage.tell("pause")
        stage.go.set()
        await stage.until_status("paused")
        await stage.tell("resume")

    assert (await during(stage, acts)).stop_reason == "end"
