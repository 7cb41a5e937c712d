"""How a run goes from its prompt to its answer: each policy, what it refuses, and where it goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.agents.session.yard import SAFE, TOOLS, Call, Turn, check_history, model_of, session_of, told
from toolyard import (
    Agent,
    AgentEvent,
    Answer,
    ApprovalInterrupt,
    FunctionCallingPolicy,
    PlanExecutePolicy,
    Policy,
    ReActPolicy,
    Run,
    Runtime,
    Session,
    Stop,
    SupervisorPolicy,
    ToolContext,
    tool,
)
from toolyard.testing import FakeModel
from toolyard_agents.errors import AgentError
from toolyard_agents.session.run_context import RunContext
from toolyard_kernel.calls.callers import Caller
from toolyard_kernel.profiles.profile import PermissionProfile

pytestmark = pytest.mark.anyio

LAUNCH: list[Call] = [("launch", {"target": "moon"})]


def agent_of(model: FakeModel, policy: Policy | None, name: str = "a", **more: Any) -> Agent:
    given: dict[str, Any] = {"tools": TOOLS, **more}
    return Agent(name=name, model=model, policy=policy, **given)


def session_with(model: FakeModel, policy: Policy, **context: Any) -> Session:
    """A session that the program runs, without auto_approve."""
    agent = agent_of(model, policy)
    return Session(agent, context=RunContext(caller=Caller(id="python", profile=agent.profile), **context))


def plan(*steps: str) -> str:
    return json.dumps({"steps": steps})


@pytest.mark.parametrize("policy", [ReActPolicy, FunctionCallingPolicy])
async def test_a_policy_bounds_how_often_the_model_is_asked(policy: Callable[[int], Policy]) -> None:
    model = model_of(*([("double", {"n": n})] for n in range(9)))
    session = session_with(model, policy(3))
    result = await session.run("loop")
    assert (result.status, result.stop_reason, len(model.requests)) == ("error", "max_iterations", 3)
    check_history(session.state)
    assert (await session.run("once more")).stop_reason == "max_iterations", "each prompt has its own bound"
    assert len(model.requests) == 6


async def test_a_run_that_goes_on_has_what_is_left_of_its_iterations() -> None:
    def interrupt(name: str, arguments: Any) -> bool:
        raise ApprovalInterrupt

    session = session_with(model_of(LAUNCH, [("double", {"n": 1})], [("double", {"n": 2})]), ReActPolicy(2))
    session.approval_callback = interrupt
    assert (await session.run("go")).status == "interrupted"
    call = session.state.pending()[0].id
    assert (await session.resume({call: True})).stop_reason == "max_iterations"
    assert told(session.state.messages, "tool") == ["launched at moon", "2"]


async def test_function_calling_makes_no_call_of_an_answer_of_which_one_cannot_be_made() -> None:
    both: list[Call] = [("double", {"n": 1}), ("nope", {}), ("double", {"n": "x"}), ("double", "{")]
    model = model_of(both, [("double", {"n": 4})], "8")
    session = session_with(model, FunctionCallingPolicy())
    events: list[AgentEvent] = []
    result = await session.run("go", on_event=events.append)
    first, unknown, misfit, unreadable, last = told(result.messages, "tool")
    assert "was not made, since another call" in first
    assert "no tool is named 'nope'" in unknown
    assert "invalid arguments" in misfit
    assert "not JSON" in unreadable
    assert (result.text, last) == ("8", "8")
    blocked = [event.tool_call_id for event in events if event.type == "tool_blocked"]
    assert blocked[0] == result.messages[1].tool_calls[0].id
    check_history(session.state)


async def test_function_calling_gives_up_on_a_model_that_cannot() -> None:
    nope: list[Call] = [("nope", {})]
    model = model_of(*[nope] * 9)
    result = await session_with(model, FunctionCallingPolicy(max_invalid=2)).run("go")
    assert (result.status, len(model.requests)) == ("error", 2)
    assert "2 times in a row" in result.reason


async def test_react_makes_the_calls_that_it_can() -> None:
    result = await session_with(model_of([("double", {"n": 1}), ("nope", {})], "ok"), ReActPolicy()).run("go")
    assert told(result.messages, "tool")[0] == "2"


async def test_a_plan_is_made_without_tools_and_each_step_has_them_and_what_was_found() -> None:
    model = model_of(plan("first", "second"), [("double", {"n": 1})], "two", "four", "It is 4.")
    result = await session_with(model, PlanExecutePolicy()).run("Double twice")
    planning, first, again, second, final = model.requests
    assert (planning.tools, final.tools) == ((), ())
    assert "double: Double a number." in planning.messages[0].content, "the plan can use what the tools can do"
    assert {"double", "revise_plan"} <= {one.name for one in first.tools}
    assert "Step 1 of 2: first" in first.messages[-1].content
    assert "Step 2 of 2: second" in second.messages[-1].content
    assert "two" in [message.content for message in second.messages], "steps share one conversation"
    assert "Double twice" in final.messages[-1].content
    assert (result.text, result.status) == ("It is 4.", "completed")
    assert again.messages[-1].content == "2"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("I think first we", "Invalid JSON"),
        ('{"steps": []}', "at least 1"),
        ('{"steps": ["a", " "]}', "one of its steps is empty"),
        (plan(*"abcd"), "at most 3"),
        ('{"plan": ["a"]}', "steps"),
    ],
)
async def test_what_is_no_plan_is_asked_for_again(text: str, problem: str) -> None:
    model = model_of(text, f"```json\n{plan('only')}\n```", "done", "Answer.")
    result = await session_with(model, PlanExecutePolicy(max_steps=3)).run("go")
    assert problem in model.requests[1].messages[-1].content
    assert result.text == "Answer."


async def test_a_model_that_makes_no_plan_ends_the_run() -> None:
    model = model_of("no", [("launch", {"target": "x"})], "never")
    session = session_with(model, PlanExecutePolicy())
    result = await session.run("go")
    assert (result.status, result.stop_reason) == ("error", "error")
    assert "wrote no plan in 3 attempts" in result.reason
    assert ["No tool can be called" in text for text in told(session.state.messages, "tool")] == [True]
    check_history(session.state)


async def test_a_plan_is_revised_from_within_a_step() -> None:
    revise: list[Call] = [("revise_plan", {"steps": ["new two", "new three"]})]
    model = model_of(plan("one", "two", "three", "four"), revise, "one done", "two done", "three done", "Answer.")
    result = await session_with(model, PlanExecutePolicy()).run("go")
    steps = [text.partition("\n")[0] for text in told(result.messages, "user")[1:]]
    assert steps == [
        "Step 1 of 4: one",
        "Step 2 of 3: new two",
        "Step 3 of 3: new three",
        "All steps are done. Answer the task now, from what they found:",
    ]
    assert result.text == "Answer."


async def test_a_revision_that_does_not_fit_changes_nothing_and_a_plan_cannot_grow_for_ever() -> None:
    bad: list[Call] = [("revise_plan", {"steps": []})]
    model = model_of(plan("one"), bad, "done", "Answer.")
    assert (await session_with(model, PlanExecutePolicy()).run("go")).text == "Answer."
    more: list[Call] = [("revise_plan", {"steps": ["again"]})]
    turns: list[Turn] = [more, "done"]
    model = model_of(plan("one"), *turns * 9)
    result = await session_with(model, PlanExecutePolicy(max_steps=3)).run("go")
    assert result.stop_reason == "max_iterations"
    assert "grown beyond 3 steps" in result.reason


async def test_a_step_that_takes_too_long_is_planned_anew_and_not_for_ever() -> None:
    slow: list[Call] = [("double", {"n": 1})]
    model = model_of(plan("one", "two"), slow, slow, plan("better"), "done", "Answer.")
    result = await session_with(model, PlanExecutePolicy(max_iterations=2)).run("go")
    assert result.text == "Answer."
    assert "took more turns" in model.requests[3].messages[-1].content
    assert "Step 1 of 1: better" in model.requests[4].messages[-1].content
    turns: list[Turn] = [plan("one"), slow]
    endless = model_of(*turns * 3)
    result = await session_with(endless, PlanExecutePolicy(max_iterations=1, max_plans=2)).run("go")
    assert (result.stop_reason, len(endless.requests)) == ("max_iterations", 4)


async def test_a_plan_goes_on_in_the_step_in_which_it_was_interrupted() -> None:
    def interrupt(name: str, arguments: Any) -> bool:
        raise ApprovalInterrupt

    session = session_with(model_of(plan("one", "two"), "first", LAUNCH, "second", "Answer."), PlanExecutePolicy())
    session.approval_callback = interrupt
    assert (await session.run("go")).status == "interrupted"
    result = await session.resume({session.state.pending()[0].id: True})
    assert (result.text, result.status) == ("Answer.", "completed")
    assert [text[:13] for text in told(result.messages, "user")] == [
        "go",
        "Step 1 of 2: ",
        "Step 2 of 2: ",
        "All steps are",
    ]
    assert "\n\ngo" in told(result.messages, "user")[-1], "the task is known when the run goes on"
    assert session.state.notes == ()


async def test_a_supervisor_gives_tasks_to_several_at_once_and_to_nobody_else(tmp_path: Path) -> None:
    meeting: list[str] = []
    both = anyio.Event()

    @tool
    async def meet(ctx: ToolContext) -> str:
        """Wait for the other one."""
        meeting.append(ctx.caller.id)
        if len(meeting) == 2:
            both.set()
        with anyio.fail_after(SAFE):
            await both.wait()
        return "met"

    runtime = Runtime(trace_dir=tmp_path)
    for name in ("law", "money", "outsider"):
        model = model_of([("meet", {})], f"{name} says yes")
        about, prompt = f"Knows about {name}.", f"You are {name}."
        runtime.register_agent(Agent(name=name, model=model, tools=[meet], description=about, system_prompt=prompt))
    boss = model_of(
        [("delegate", {"agent": name, "prompt": "ok?"}) for name in ("law", "money")],
        [("delegate", {"agent": "outsider", "prompt": "ok?"}), ("delegate", {"prompt": "myself"})],
        "Both say yes.",
    )
    runtime.register_agent(agent_of(boss, SupervisorPolicy(agents=["law", "money"]), "boss"))
    result = await runtime.run("boss", "Should we?")
    offered = {one.name: one for one in boss.requests[0].tools}["delegate"]
    assert "- law: Knows about law.\n- money: Knows about money." in offered.description
    assert offered.parameters["properties"]["agent"]["enum"] == ["law", "money"]
    assert told(result.messages, "tool")[:2] == ["law says yes", "money says yes"]
    assert all("invalid arguments" in text for text in told(result.messages, "tool")[2:])
    assert (result.text, sorted(meeting)) == ("Both say yes.", ["python/boss/law", "python/boss/money"])


async def test_a_supervisor_does_not_widen_what_its_caller_may_do() -> None:
    worker = agent_of(model_of("never"), None, "worker")
    profile = PermissionProfile.model_validate({"agents": ["other"]})
    agent = agent_of(model_of([("delegate", {"agent": "worker", "prompt": "go"})], "no"), SupervisorPolicy([worker]))
    result = await Session(agent, context=RunContext(caller=Caller(id="c", profile=profile))).run("go")
    assert "does not let you run the agent 'worker'" in told(result.messages, "tool")[0]


async def test_a_policy_that_cannot_be_used_is_refused_before_anything_runs(tmp_path: Path) -> None:
    makes: list[Callable[[], object]] = [
        lambda: ReActPolicy(0),
        lambda: ReActPolicy(True),
        lambda: FunctionCallingPolicy(max_invalid=-1),
        lambda: PlanExecutePolicy(max_steps=0),
        lambda: SupervisorPolicy([]),
        lambda: SupervisorPolicy("law"),
        lambda: SupervisorPolicy(["law", "law"]),
    ]
    for make in makes:
        with pytest.raises(AgentError):
            make()
    no_policies: list[Any] = ["react", ReActPolicy, 3]
    for thing in no_policies:
        with pytest.raises(AgentError, match=r"expected a policy, such as ReActPolicy\(\)"):
            agent_of(model_of(), thing)
    model = model_of("never")
    runtime = Runtime(trace_dir=tmp_path)
    runtime.register_agent(agent_of(model, None))
    with pytest.raises(AgentError, match="policy=the class ReActPolicy"):
        await runtime.run("a", "go", policy=no_policies[1])
    with pytest.raises(AgentError, match="no agent is named 'law'; there are: a"):
        await runtime.run("a", "go", policy=SupervisorPolicy(["law"]))
    with pytest.raises(AgentError, match="n: only a graph starts with values, and the policy of this run is react"):
        await runtime.run("a", "go", n=1)
    assert (model.requests, list(tmp_path.iterdir())) == ([], [])


async def test_a_policy_of_ones_own_drives_the_run() -> None:
    class Twice:
        """Asks the model twice and puts the answers together."""

        @property
        def about(self) -> Any:
            return {"policy": "twice"}

        def tools(self, agents: Any) -> Any:
            return ()

        async def drive(self, run: Run) -> Stop:
            await run.ask()
            first = run.turn.text
            run.state.add_user_message("And again.")
            await run.ask()
            stop = run.said()
            return Stop("end", f"{first} {stop.text}")

    session = session_of(model_of("one", "two"))
    session.agent.policy = Twice()
    assert (await session.run("go")).text == "one two"


async def test_a_revision_counts_whatever_its_approver_says_with_it() -> None:
    revise: list[Call] = [("revise_plan", {"steps": ["new two"]})]
    model = model_of(plan("one", "two"), revise, "one done", "two done", "Answer.")
    session = session_with(model, PlanExecutePolicy())
    session.context = replace(
        session.context, caller=Caller(id="c", profile=PermissionProfile.model_validate({"approval": {"mode": "all"}}))
    )
    session.approval_callback = lambda name, arguments: Answer(approved=True, reason="yes", feedback="well done")
    result = await session.run("go")
    assert "Step 2 of 2: new two" in [text.partition("\n")[0] for text in told(result.messages, "user")]
