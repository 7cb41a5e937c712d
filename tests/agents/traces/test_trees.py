"""A trace is read as a tree, two of them are compared, and one is handed on as a trajectory and as text."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agents.session.yard import CALLS, TOOLS, Turn, model_of
from toolyard import Agent, AgentEvent, CancellationToken, Graph, GraphPolicy, Runtime, ToolContext, tool
from toolyard.testing import FakeModel
from toolyard_agents.delegation import enable_delegation
from toolyard_agents.errors import TraceError
from toolyard_agents.policies.react import ReActPolicy
from toolyard_agents.traces.atif import Origin, trajectory_of
from toolyard_agents.traces.comparing import Difference, facts_of, first_difference
from toolyard_agents.traces.folder import summary_of, trees_in, whole_id
from toolyard_agents.traces.reading import read_trace
from toolyard_agents.traces.subject import Subject
from toolyard_agents.traces.transcript import transcript_of
from toolyard_agents.traces.trees import Call, Note, RunTree, Step, tree_of
from toolyard_agents.traces.writing import VERSION
from toolyard_agents.usage import Usage

pytestmark = pytest.mark.anyio

ATIF = jsonschema_rs.Draft202012Validator(json.loads((Path(__file__).parent / "atif.schema.json").read_text()))
AGENT_ONLY = {"model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"}
COSTS = Usage(input_tokens=100, output_tokens=10, cached_tokens=40, cost=0.5)


@tool
async def visit(ctx: ToolContext, node: str) -> str:
    """Visit a node, as a graph does."""
    await ctx.emit("graph_node", {"node": node, "visit": 1, "status": "done"})
    return "visited"


def agent_of(model: FakeModel, **more: Any) -> Agent:
    given: dict[str, Any] = {"tools": [visit, *TOOLS], **more}
    return Agent(name="a", model=model, **given)


async def traced(folder: Path, agent: Agent, **more: Any) -> RunTree:
    runtime = Runtime(trace_dir=folder)
    runtime.register_agent(agent)
    return tree_of(read_trace(folder, (await runtime.run("a", "go", **more)).trace_id))


def boss(model: FakeModel, worker: FakeModel) -> Agent:
    agent = agent_of(model)
    enable_delegation(agent, {"w": Agent(name="w", model=worker, tools=TOOLS)})
    return agent


def team() -> Agent:
    """An agent whose delegate does some work of its own; each answer costs something."""
    asker, worker = FakeModel(), FakeModel()
    asker.add_tool_calls([("delegate", {"prompt": "double", "agent": "w"}), ("double", {"n": 1})], usage=COSTS)
    asker.add_response("boss is done", usage=COSTS)
    worker.add_tool_calls([("double", {"n": 2})], usage=COSTS)
    worker.add_response("worker is done", usage=COSTS)
    return boss(asker, worker)


async def test_calls_are_below_the_step_that_asked_and_delegates_below_their_call(tmp_path: Path) -> None:
    tree = await traced(tmp_path, team())
    assert (tree.prompt, [step.number for step in tree.steps()], tree.end and tree.end.text) == (
        "go",
        [1, 2],
        "boss is done",
    )
    delegated, doubled = tree.steps()[0].calls
    assert (delegated.name, delegated.status, doubled.arguments, doubled.result) == ("delegate", "ok", {"n": 1}, "2")
    (run,) = delegated.runs
    assert (run.agent, run.prompt, run.steps()[0].calls[0].result) == ("w", "double", "4")
    summary = summary_of(tree)
    assert (summary.turns, summary.calls, summary.tokens, summary.cost) == (4, 3, 440, 2.0)
    assert (tree.began or 0) <= run.steps()[0].began <= (tree.last or 0)


async def test_what_a_policy_or_a_tool_tells_is_in_its_place(tmp_path: Path) -> None:
    tree = await traced(tmp_path, agent_of(model_of([("visit", {"node": "n"})], "done")))
    (call,) = tree.calls()
    (note,) = call.notes
    assert (note.kind, note.content, note.about["node"]) == ("custom", "graph_node", "n")


def trace_of(folder: Path, *events: dict[str, Any]) -> RunTree:
    """The tree of a trace that is written by hand."""
    head: dict[str, Any] = {"type": "trace", **Subject.of(agent_of(FakeModel()), ReActPolicy()).to_dict()}
    told = [{"run_id": "0" * 16, "agent": "a", "time": 1.0, "event_seq": 0, **event} for event in events]
    lines = [{"v": VERSION, "seq": seq, **line} for seq, line in enumerate([head, *told])]
    (folder / f"{'0' * 16}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tree_of(read_trace(folder, "0" * 16))


async def test_a_graphs_nodes_calls_and_agents_stand_where_they_began(tmp_path: Path) -> None:
    child = {"run_id": "1" * 16, "parent_run_id": "0" * 16, "agent": "b"}
    tree = trace_of(
        tmp_path,
        {"type": "agent_start", "content": "go"},
        {"type": "custom", "content": "graph_node", "tool_metadata": {"node": "x", "visit": 1, "status": "began"}},
        {"type": "tool_start", "tool_name": "t", "tool_call_id": "c", "tool_args": {}},
        {"type": "tool_end", "tool_name": "t", "tool_call_id": "c", "tool_result": "r"},
        {**child, "type": "agent_start", "content": "sub"},
        {"type": "step_start", "tool_metadata": {"step": 1, "node": "y"}},
        {"type": "text", "content": "half an ans"},
    )
    assert [type(part) for part in tree.parts] == [Note, Call, RunTree, Step]
    assert (tree.end, tree.steps()[0].text, tree.steps()[0].used) == (None, "half an ans", None)
    check(tree)


async def test_what_is_no_event_is_named_by_its_line(tmp_path: Path) -> None:
    for wrong in ({"type": "text", "content": 1}, {"type": "what"}, {"type": "text", "time": 1e300}, {"type": 3}):
        with pytest.raises(TraceError, match="line 3"):
            trace_of(tmp_path, {"type": "agent_start", "content": "go"}, wrong)


CALL_IDS = st.sampled_from(["c", "d"])
ASKED = st.lists(st.fixed_dictionaries({"id": CALL_IDS, "name": st.text()}))
KINDS = ("agent_start", "step_start", "text", "api_call_complete", "tool_start", "tool_end", "custom", "error")
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)},
    optional={
        "content": st.text(st.characters()) | st.integers(),
        "tool_call_id": CALL_IDS,
        "tool_metadata": st.dictionaries(
            st.sampled_from(["step", "tool_calls", "cost", "status"]), st.none() | st.integers() | ASKED
        ),
        "usage": st.dictionaries(st.just("input_tokens"), st.none() | st.integers(0) | st.text()),
        "run_id": st.sampled_from(["0" * 16, "1" * 16, "2" * 16]),
        "parent_run_id": st.sampled_from(["0" * 16, "1" * 16, "9" * 16]),
        "parent_call_id": CALL_IDS,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raws=st.lists(EVENTS, max_size=12))
def test_no_order_of_events_is_too_odd_to_be_read(tmp_path: Path, raws: list[dict[str, Any]]) -> None:
    try:
        tree = trace_of(tmp_path, *raws)
    except TraceError:
        return
    check(tree)


async def test_a_folder_is_read_whatever_else_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "traces"
    tree = await traced(folder, team())
    (folder / "notes.txt").write_text("mine")
    (folder / f"{'a' * 16}.jsonl").write_text("nothing\n")
    (folder / f"{'b' * 16}.jsonl").write_bytes(b"\xff" * 99)
    (folder / f"{'c' * 16}.jsonl").mkdir()
    (folder / f"{'d' * 16}.jsonl").symlink_to("nowhere")
    (folder / f"{'e' * 16}.jsonl").write_text("[" * 100_000 + "\n")
    trees, others = trees_in(folder)
    assert ([each.id for each in trees], len(others)) == ([tree.id], 6)
    assert trees_in(tmp_path / "nowhere") == ([], {})


async def test_an_id_may_be_its_beginning_as_long_as_that_is_one_traces(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="it has none"):
        whole_id(tmp_path, "1")
    for name in ("12345678", "123456789", "99999999"):
        (tmp_path / f"{name}.jsonl").write_text("")
    assert (whole_id(tmp_path, "9"), whole_id(tmp_path, "12345678")) == ("99999999", "12345678")
    with pytest.raises(LookupError, match=r"2 traces begin with '12': 123456789?, 123456789?; give more"):
        whole_id(tmp_path, "12")
    for unknown in ("7", "", "../x", "notes"):
        with pytest.raises(LookupError, match="the newest are"):
            whole_id(tmp_path, unknown)


async def difference(folder: Path, one: Agent, other: Agent) -> Difference | None:
    first, second = await traced(folder, one), await traced(folder, other)
    return first_difference(list(facts_of(first)), list(facts_of(second)))


async def test_two_runs_are_the_same_if_all_that_was_done_is_whenever_it_was(tmp_path: Path) -> None:
    for turns in ([CALLS, "done"], [RuntimeError("it broke")], [[("double", "{x")], "end"]):
        same: list[Turn] = list(turns)  # type: ignore[arg-type]
        assert await difference(tmp_path, agent_of(model_of(*same)), agent_of(model_of(*same))) is None
    assert await difference(tmp_path, team(), team()) is None


async def parted(folder: Path, one: Agent, other: Agent) -> Difference:
    found = await difference(folder, one, other)
    assert found
    return found


async def test_the_first_difference_is_named_wherever_it_is(tmp_path: Path) -> None:
    def doubling(*numbers: int, then: str = "done") -> Agent:
        return agent_of(model_of([("double", {"n": n}) for n in numbers], then))

    first = await parted(tmp_path, doubling(1, 2), doubling(1, 3))
    assert (first.where, first.second) == ("step 1, call 2", {"tool": "double", "arguments": {"n": 3}})
    more = await parted(tmp_path, doubling(1), doubling(1, 2))
    assert (more.where, more.first) == ("step 1, call 2", None)
    less = await parted(tmp_path, doubling(1, 2), doubling(1))
    assert (less.where, less.second) == ("step 1, call 2", None)
    said = await parted(tmp_path, doubling(1), doubling(1, then="so"))
    assert (said.where, said.first, said.second) == ("step 2, answer", "done", "so")
    broken = await parted(tmp_path, doubling(1), agent_of(model_of([("double", {"n": 1})], RuntimeError("no"))))
    assert broken.where == "step 2, answer"

    def of_worker(n: int) -> Agent:
        asks: Turn = [("delegate", {"prompt": "double", "agent": "w"})]
        return boss(model_of(asks, "so"), model_of([("double", {"n": n})], "worker is done"))

    below = await parted(tmp_path, of_worker(1), of_worker(2))
    assert below.where == "step 1, call 1, w: step 1, call 1"


def check(tree: RunTree) -> dict[str, Any]:
    """That its trajectory is one, by the schema, and by what else the format demands."""
    trajectory = trajectory_of(tree, Origin(trace_id=tree.id, model="m", version="1"))
    ATIF.validate(json.loads(json.dumps(trajectory, allow_nan=False)))
    for each in trajectories(trajectory):
        check_rules(each)
    assert "\n**End**" in transcript_of(tree)
    return trajectory


def trajectories(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield whole
    for below in whole.get("subagent_trajectories", ()):
        yield from trajectories(below)


def check_rules(whole: dict[str, Any]) -> None:
    assert [step["step_id"] for step in whole["steps"]] == list(range(1, len(whole["steps"]) + 1))
    below = [each["trajectory_id"] for each in whole.get("subagent_trajectories", ())]
    assert len(set(below)) == len(below)
    referred: list[str] = []
    for step in whole["steps"]:
        assert step["source"] == "agent" or not AGENT_ONLY.intersection(step)
        assert step.get("llm_call_count") != 0 or not {"metrics", "reasoning_content"}.intersection(step)
        calls = {call["tool_call_id"] for call in step.get("tool_calls", ())}
        for result in step.get("observation", {}).get("results", ()):
            assert result.get("source_call_id") in {None, *calls}
            referred += [one["trajectory_id"] for one in result.get("subagent_trajectory_ref", ())]
    assert sorted(referred) == sorted(below)


async def test_a_trajectory_holds_all_of_a_run_as_the_format_wants_it(tmp_path: Path) -> None:
    whole = check(await traced(tmp_path, team()))
    assert [step["source"] for step in whole["steps"]] == ["user", "agent", "agent"]
    _, asked, answered = whole["steps"]
    assert [call["function_name"] for call in asked["tool_calls"]] == ["delegate", "double"]
    assert asked["observation"]["results"][1]["content"] == "2"
    assert answered["message"] == "boss is done"
    assert asked["metrics"] == {"prompt_tokens": 100, "completion_tokens": 10, "cached_tokens": 40, "cost_usd": 0.5}
    assert whole["final_metrics"]["total_cost_usd"] == 2.0
    (below,) = whole["subagent_trajectories"]
    assert (below["agent"]["name"], below["steps"][-1]["message"]) == ("w", "worker is done")


async def test_runs_that_did_not_end_well_are_trajectories_too(tmp_path: Path) -> None:
    token = CancellationToken()

    def hear(event: AgentEvent) -> None:
        if event.type == "tool_progress":
            token.cancel("enough")

    agents = agent_of(model_of([("double", {"n": 1})], [("wait", {})])), agent_of(model_of(RuntimeError("it broke")))
    cancelled = check(await traced(tmp_path, agents[0], on_event=hear, token=token))
    assert cancelled["extra"] == {"status": "cancelled", "stop_reason": "cancelled", "reason": "enough"}
    failed = check(await traced(tmp_path, agents[1]))
    assert (failed["extra"]["status"], failed["extra"]["stop_reason"]) == ("error", "error")
    half = FakeModel()
    half.add_error(RuntimeError("it broke"), text="half an ans")
    broken = check(await traced(tmp_path, agent_of(half)))
    assert (broken["steps"][-1]["message"], broken["steps"][-1]["extra"]) == ("half an ans", {"broken_off": True})


async def test_a_graphs_run_is_a_trajectory_with_its_agents_in_it(tmp_path: Path) -> None:
    graph = Graph()
    graph.add_node("start", lambda state: {"n": 1})
    graph.add_node("double", tool="double", arguments=lambda state: {"n": state["n"]})
    graph.add_node("work", agent=Agent(name="w", model=model_of("worked"), tools=[]))
    graph.add_node("answer", model=model_of("in total"))
    graph.add_edge("start", ["double", "work"])
    graph.add_edge(["double", "work"], "answer")
    graph.set_exit("answer")
    tree = await traced(tmp_path, agent_of(FakeModel(), policy=GraphPolicy(graph)))
    assert "double" in [call.name for call in tree.calls()]
    assert tree.steps()[1].about == {"nodes": ["double", "work"]}
    nodes = [part.about["node"] for part in tree.parts if isinstance(part, Note) and part.content == "graph_node"]
    assert (nodes[0], sorted(nodes[1:3]), nodes[3]) == ("start", ["double", "work"], "answer")
    whole = check(tree)
    assert sorted(below["agent"]["name"] for below in whole["subagent_trajectories"]) == ["answer", "w"]


async def test_a_transcript_cannot_be_broken_out_of(tmp_path: Path) -> None:
    @tool
    async def quote() -> str:
        """Quote a fence."""
        return "```\n# Prompt\n````"

    agent = agent_of(model_of([("quote", {})], "# no heading\nat all"), tools=[quote])
    text = transcript_of(await traced(tmp_path, agent))
    assert "\n`````\n```\n# Prompt\n````\n`````\n" in text
    assert "> # no heading\n> at all" in text
    assert re.findall(r"^#+ .*$", text.replace("# Prompt", ""), re.MULTILINE)[1:] == ["## Step 1", "## Step 2"]


WORDS = st.text(st.characters(), max_size=9)
VISITS = st.lists(st.tuples(st.just("visit"), st.fixed_dictionaries({"node": WORDS})), max_size=3)
TURNS = st.lists(VISITS | WORDS, max_size=3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=TURNS)
def test_whatever_is_said_a_run_is_read_whole_and_is_the_same_as_itself(tmp_path: Path, turns: list[Any]) -> None:
    tree = asyncio.run(traced(tmp_path, agent_of(model_of(*turns, "done"))))
    check(tree)
    assert first_difference(list(facts_of(tree)), list(facts_of(tree_of(read_trace(tmp_path, tree.id))))) is None
