"""A gate that does not say yes is a no, on every path; it may edit the arguments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from tests.agents.runtime.yard import Prices, drain, script, spec_of
from tests.agents.runtime.yard import runtime_of as runtime_of_spec
from tests.agents.session.yard import SAFE, Turn, model_of, told
from toolyard import (
    Agent,
    AgentConfig,
    Answer,
    ApprovalGate,
    ApprovalInterrupt,
    PolicyHooks,
    Registry,
    Runtime,
    Session,
    define_executor,
    define_planner,
    enable_delegation,
    mcp,
    tool,
)
from toolyard_agents.config.budgets import Budgets
from toolyard_agents.errors import AgentError
from toolyard_agents.session.run_context import RunContext
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.profiles.builtin import BUILT_IN

pytestmark = pytest.mark.anyio

TO = {"to": "bob"}


@dataclass(slots=True)
class Post:
    """Where `send` puts what it is given."""

    sent: list[str] = field(default_factory=list[str])

    @property
    def tools(self) -> list[Any]:
        @tool
        async def send(to: str, copies: int = 1) -> str:
            """Send a mail."""
            self.sent.append(to)
            return f"sent to {to}" * copies

        return [send]

    def agent(self, *turns: Turn, hooks: PolicyHooks | None = None, name: str = "a", **options: Any) -> Agent:
        given = turns or ([("send", TO)], "done")
        registry = Registry()
        for one in self.tools:
            registry.register(one)
        config = AgentConfig(name=name, **options)
        return Agent(config, model=model_of(*given), registry=registry, policy_hooks=hooks)


def gated(callback: Any = None, required: Any = ("send",)) -> PolicyHooks:
    return PolicyHooks(approval_gate=ApprovalGate(required=required, callback=callback))


def runtime_of(folder: Path, hooks: PolicyHooks | None, *agents: Agent) -> Runtime:
    runtime = Runtime(trace_dir=folder, policy_hooks=hooks)
    for agent in agents:
        runtime.register_agent(agent)
    return runtime


def says(said: Any, *, wait: bool = False) -> Callable[[str, dict[str, Any]], Any]:
    """A callback that says this, at once or a moment later."""

    async def later() -> Any:
        await asyncio.sleep(0)
        return said

    return lambda name, arguments: later() if wait else said


def raises(error: BaseException) -> Callable[..., bool]:
    def callback(name: str, arguments: dict[str, Any]) -> bool:
        raise error

    return callback


NO_ANSWER: dict[str, Any] = {
    "missing": None,
    "False": says(False),
    "None": says(None),
    "a word": says("yes"),
    "a number": says(1),
    "a later False": says(False, wait=True),
    "a later word": says("True", wait=True),
    "an answer": says(Answer(approved=False, reason="no")),
    "an answer of a word": says(Answer(approved="yes", reason="no")),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    "no callback": "not callable",
    "too few arguments": len,
    "an error": raises(ValueError("broken")),
    "an exit": raises(SystemExit("broken")),
    "its own timeout": raises(TimeoutError()),
}


@pytest.mark.parametrize("what", NO_ANSWER)
async def test_what_is_no_yes_is_a_no_even_with_auto_approve(tmp_path: Path, what: str) -> None:
    post = Post()
    runtime = runtime_of(tmp_path, gated(NO_ANSWER[what]), post.agent(auto_approve=True))
    async with asyncio.timeout(SAFE):
        result = await runtime.run("a", "go")
    assert (result.text, post.sent) == ("done", [])
    assert [event.type for event in result.events if event.tool_name].count("tool_blocked") == 1


async def test_a_gate_that_is_late_is_a_no(tmp_path: Path) -> None:
    post = Post()
    asked = asyncio.Event()

    async def never(name: str, arguments: dict[str, Any]) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    profile = BUILT_IN["readonly"]
    approval = profile.approval.model_copy(update={"deadline": 0.05})
    agent = post.agent(hooks=gated(never))
    agent.profile = profile.model_copy(update={"approval": approval})
    result = await runtime_of(tmp_path, None, agent).run("a", "go")
    assert (asked.is_set(), post.sent) == (True, [])
    assert "within 0.05s" in told(result.messages, "tool")[0]


@pytest.mark.parametrize("wait", [False, True])
async def test_a_yes_lets_the_call_pass(tmp_path: Path, *, wait: bool) -> None:
    post = Post()
    asked: list[Any] = []

    def callback(name: str, arguments: dict[str, Any]) -> Any:
        asked.append((name, dict(arguments)))
        return says(True, wait=wait)(name, arguments)

    result = await runtime_of(tmp_path, gated(callback), post.agent()).run("a", "go")
    assert (post.sent, asked) == (["bob"], [("send", TO)])
    decisions = [event for event in result.events if event.type == "approval_decision"]
    assert [one.tool_metadata for one in decisions] == [{"approved": True}]


async def test_a_gate_may_edit_the_arguments_even_those_it_was_given(tmp_path: Path) -> None:
    post = Post()

    def callback(name: str, arguments: dict[str, Any]) -> Answer:
        arguments["to"] = "eve"
        return Answer(approved=True, reason="edited", arguments=arguments)

    await runtime_of(tmp_path, gated(callback), post.agent()).run("a", "go")
    assert post.sent == ["eve"]


async def test_edited_arguments_that_do_not_fit_are_no_call(tmp_path: Path) -> None:
    post = Post()
    hooks = gated(says(Answer(approved=True, reason="edited", arguments={"to": 3})))
    result = await runtime_of(tmp_path, hooks, post.agent()).run("a", "go")
    assert post.sent == []
    assert "invalid arguments" in told(result.messages, "tool")[0]


async def test_both_gates_must_say_yes_to_what_is_called(tmp_path: Path) -> None:
    for first, second, sent in ((True, True, ["bob"]), (True, False, []), (False, True, [])):
        post = Post()
        agent = post.agent(hooks=gated(says(second)))
        await runtime_of(tmp_path, gated(says(first)), agent).run("a", "go")
        assert post.sent == sent


async def test_a_gate_hears_of_what_the_other_one_edited(tmp_path: Path) -> None:
    def only_bob(name: str, arguments: dict[str, Any]) -> bool:
        return bool(arguments["to"] == "bob")

    def to_eve(name: str, arguments: dict[str, Any]) -> Answer:
        return Answer(approved=True, reason="edited", arguments={**arguments, "to": "eve"})

    pairs: list[tuple[Any, Any]] = [(only_bob, to_eve), (to_eve, only_bob)]
    for outer, inner in pairs:
        post = Post()
        await runtime_of(tmp_path, gated(outer), post.agent(hooks=gated(inner))).run("a", "go")
        assert post.sent == []


async def test_gates_that_never_agree_are_a_no(tmp_path: Path) -> None:
    def more(name: str, arguments: dict[str, Any]) -> Answer:
        return Answer(approved=True, reason="more", arguments={**arguments, "copies": arguments.get("copies", 1) + 1})

    post = Post()
    result = await runtime_of(tmp_path, gated(more), post.agent(hooks=gated(says(True)))).run("a", "go")
    assert post.sent == []
    assert "do not agree" in told(result.messages, "tool")[0]


async def test_the_sessions_own_callback_comes_first(tmp_path: Path) -> None:
    for said, sent in ((True, ["bob"]), (False, [])):
        post = Post()
        session = Session(post.agent(hooks=gated(says(not said))))
        session.approval_callback = says(said)
        await session.run("go")
        assert post.sent == sent


async def test_a_gate_may_interrupt_the_run_which_goes_on_with_the_answer() -> None:
    for said, sent in ((True, ["bob"]), (False, [])):
        post = Post()
        session = Session(post.agent(hooks=gated(raises(ApprovalInterrupt("ask the boss")))))
        result = await session.run("go")
        assert (result.status, result.reason, post.sent) == ("interrupted", "ask the boss", [])
        call_id = session.state.pending()[0].id
        assert (await session.resume({call_id: said})).text == "done"
        assert post.sent == sent


async def test_a_gate_asks_only_for_its_tools(tmp_path: Path) -> None:
    post = Post()
    await runtime_of(tmp_path, gated(required=["sen*", "other*"]), post.agent()).run("a", "go")
    assert post.sent == []
    await runtime_of(tmp_path, gated(required=["other*"]), post.agent()).run("a", "go")
    assert post.sent == ["bob"]


async def test_the_gate_of_the_asker_holds_for_a_delegate(tmp_path: Path) -> None:
    post = Post()
    helper = post.agent(name="helper", auto_approve=True)
    boss = post.agent([("delegate", {"prompt": "go", "agent": "helper"})], "done", name="boss", hooks=gated())
    enable_delegation(boss, {"helper": helper})
    await runtime_of(tmp_path, None, boss, helper).run("boss", "go")
    assert (post.sent, len(told(helper.model.requests[1].messages, "tool"))) == ([], 1)  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]


async def test_a_query_does_not_wait_at_the_desk_for_what_a_gate_must_say(tmp_path: Path) -> None:
    post = Post()
    runtime = runtime_of(tmp_path, gated(), post.agent())
    async with asyncio.timeout(SAFE):
        events = await drain(runtime.query("go", "t1"))
    assert (post.sent, events[-1]["type"]) == ([], "turn_complete")


async def test_a_gate_holds_for_whoever_comes_over_mcp(tmp_path: Path) -> None:
    for said, sent in ((True, ["bob", "bob"]), (False, [])):
        post = Post()
        runtime = runtime_of(tmp_path, gated(says(said)), post.agent())
        async with Client(mcp.create_server(runtime, agent="a")) as client:
            result = await client.call_tool("send", TO)
            assert result.is_error is not said
        async with Client(mcp.create_server(runtime, agent="mcp")) as client:
            await client.call_tool("run_prompt", {"prompt": "go"})
        assert post.sent == sent


async def test_a_caller_who_approves_its_own_asks_gets_past_no_gate() -> None:
    post = Post()
    profile = BUILT_IN["readonly"]
    approval = profile.approval.model_copy(update={"on_ask": ("allow",)})
    caller = Caller(id="python", profile=profile.model_copy(update={"approval": approval}))
    agent = post.agent(hooks=gated())
    agent.profile = caller.profile
    await Session(agent, context=RunContext(caller=caller, bounds=Budgets(max_turns=5))).run("go")
    assert post.sent == []


async def test_a_plan_that_was_approved_passes_no_gate_by_itself() -> None:
    agents = [
        define_planner("planner", prompt="Plan.", plan=Prices),
        define_executor("executor", prompt="Execute.", plan=Prices),
    ]
    plan = {"plan_id": "p1", "steps": [{"tool": "price", "arguments": {"sku": "s", "price": 1.5}}]}
    for said in (True, False):
        done: list[Any] = []
        hooks = gated(says(said), required={"price"})
        runtime = runtime_of_spec(spec_of(agents=agents, references=[]), done, policy_hooks=hooks)
        await drain(runtime.run_specialist("planner", script(("propose_plan", plan)), "t"))
        async for event in runtime.run_specialist("executor", script(("execute_plan", {"plan_id": "p1"})), "t"):
            if "approval_id" in event:
                await runtime.respond_to_approval(event["approval_id"], "approve")
        assert done == ([("price", "s")] if said else [])
        await runtime.close()


@pytest.mark.parametrize("given", ["send", [3], {"a*b"}])
def test_what_is_no_set_of_names_is_refused(given: Any) -> None:
    with pytest.raises(AgentError, match="expected"):
        ApprovalGate(required=given)
