"""A plan is proposed, approved as one and carried out once; whatever happens, it says what was done."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.agents.runtime.counting import counting
from tests.agents.runtime.yard import (
    SAFE,
    Event,
    drain,
    drive,
    results_of,
    runtime_of,
    script,
    spec_of,
    types_of,
)
from tests.agents.storage.places import KINDS, place
from toolyard import (
    Runtime,
    StorageSpec,
    ToolContext,
    ToolError,
    define_executor,
    define_plan,
    define_planner,
    define_tool,
)
from toolyard_agents.plans.execution import break_off
from toolyard_agents.storage.storage import Scope
from toolyard_kernel.ledger.files import FileLedger
from toolyard_kernel.ledger.reading import read_records

pytestmark = pytest.mark.anyio

STEPS: list[dict[str, Any]] = [
    {"tool": "price", "arguments": {"sku": f"s{number}", "price": number}} for number in (1, 2, 3)
]
HERE = str(Path(__file__).parents[3])


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[StorageSpec]:
    with place(request.param, tmp_path) as found:
        yield found


async def propose(runtime: Runtime, steps: list[Any], plan_id: str = "p") -> list[Event]:
    call = ("propose_plan", {"plan_id": plan_id, "title": "New prices", "steps": steps})
    return await drain(runtime.run_specialist("planner", script(call), "t"))


async def execute(runtime: Runtime, outcome: str = "approve", plan_id: str = "p") -> list[Event]:
    stream = runtime.run_specialist("executor", script(("execute_plan", {"plan_id": plan_id})), "t")
    return await drive(runtime, stream, outcome)


async def got(runtime: Runtime, agent: str = "planner") -> dict[str, Any]:
    events = await drain(runtime.run_specialist(agent, script(("get_plan", {"plan_id": "p"})), "look"))
    plan: dict[str, Any] = json.loads(results_of(events)[0])
    return plan


def told_of(events: list[Event]) -> str:
    """What the plan's tool answered."""
    return str(results_of(events)[0])


def life_of(events: list[Event]) -> list[str]:
    return [event["tool_metadata"]["status"] for event in events if event["type"] == "plan_status"]


async def test_each_change_of_a_plan_is_an_event_and_each_outcome_is_kept(storage: StorageSpec) -> None:
    done: list[Any] = []
    async with runtime_of(spec_of(storage), done) as runtime, asyncio.timeout(SAFE):
        assert life_of(await propose(runtime, STEPS)) == ["draft"]
        events = await execute(runtime)
        assert life_of(events)[:3] == ["pending_approval", "approved", "executing"]
        assert life_of(events)[-1] == "executed"
        preview = next(event for event in events if event["type"] == "approval_required")["tool_metadata"]["preview"]
        assert preview.splitlines()[0] == 'Plan "p": 3 calls'
        assert all(step["arguments"]["sku"] in preview for step in STEPS), "who approves sees every call"
        plan = await got(runtime)
        assert (plan["status"], plan["by"]) == ("executed", "planner")
        assert [step["status"] for step in plan["steps"]] == ["ok"] * 3
        again = await execute(runtime)
    assert done == [("price", step["arguments"]["sku"]) for step in STEPS]
    assert "plan 'p' is executed" in told_of(again)
    assert "approval_required" not in types_of(again), "nobody is asked for what cannot be"


async def test_a_no_rejects_a_plan_and_whoever_said_it_may_be_asked_again() -> None:
    done: list[Any] = []
    async with runtime_of(done=done) as runtime, asyncio.timeout(SAFE):
        await propose(runtime, STEPS)
        assert life_of(await execute(runtime, "reject")) == ["pending_approval", "rejected"]
        assert (done, (await got(runtime))["status"]) == ([], "rejected")
        assert life_of(await execute(runtime))[0] == "pending_approval"
    assert len(done) == 3


async def test_an_id_is_never_overwritten_and_a_step_that_cannot_be_is_named() -> None:
    async with runtime_of() as runtime, asyncio.timeout(SAFE):
        await propose(runtime, STEPS)
        assert "there is a plan 'p' already" in results_of(await propose(runtime, STEPS[:1]))[0]
        assert len((await got(runtime))["steps"]) == 3
        cases: list[tuple[dict[str, Any], str]] = [
            ({"tool": "delete", "arguments": {}}, "step 2: 'delete' is no tool of this plan; its tools are price"),
            ({"tool": "price", "arguments": {"sku": "x", "price": "free"}}, "step 2: price cannot be called"),
            ({"tool": "price"}, "arguments: required"),
        ]
        for bad, said in cases:
            assert said in results_of(await propose(runtime, [STEPS[0], bad], "q"))[0]
        assert "there is no plan 'q'" in results_of(await execute(runtime, plan_id="q"))[0]


@define_tool(name="touchy", description="Do it, or not.", input_schema={"how": str}, secret=["how"])
async def touchy(args: dict[str, Any], ctx: ToolContext) -> str:
    ctx.services["done"].append(args["how"])
    if args["how"] == "fail":
        raise ToolError("it did not work")
    if args["how"] == "hang":
        ctx.services["hangs"].set()
        await asyncio.Event().wait()
    return "worked"


Touchy = define_plan("touchy", tools=[touchy])
TOUCHY = [define_planner("planner", prompt="x", plan=Touchy), define_executor("executor", prompt="x", plan=Touchy)]


def steps_of(*how: str) -> list[Any]:
    return [{"tool": "touchy", "arguments": {"how": one}} for one in how]


async def test_a_plan_ends_with_the_first_call_that_fails_and_tells_no_secret() -> None:
    done: list[Any] = []
    async with runtime_of(spec_of(agents=TOUCHY), done) as runtime, asyncio.timeout(SAFE):
        proposed = await propose(runtime, steps_of("hunter2", "fail", "never"))
        events = await execute(runtime)
        plan = await got(runtime)
    assert done == ["hunter2", "fail"]
    assert (plan["status"], [step["status"] for step in plan["steps"]]) == ("failed", ["ok", "tool_error", "not_done"])
    assert "it did not work" in plan["steps"][1]["result"]
    secrets = [event for event in events if "hunter2" in json.dumps(event)]
    assert (secrets, life_of(events)[-1], len(life_of(proposed))) == ([], "failed", 1)


async def test_a_plan_that_is_cancelled_says_what_nobody_knows() -> None:
    done: list[Any] = []
    hangs = asyncio.Event()
    async with runtime_of(spec_of(agents=TOUCHY), services={"done": done, "hangs": hangs}) as runtime:
        async with asyncio.timeout(SAFE):
            await propose(runtime, steps_of("x", "hang", "never"))
            running = asyncio.create_task(execute(runtime))
            await hangs.wait()
            running.cancel()
            await asyncio.wait({running})
            plan = await got(runtime)
    assert (plan["status"], [step["status"] for step in plan["steps"]]) == ("failed", ["ok", "unknown", "not_done"])


async def test_a_plan_is_carried_out_by_one_of_many_at_once() -> None:
    done: list[Any] = []
    async with runtime_of(done=done) as runtime, asyncio.timeout(SAFE):
        await propose(runtime, STEPS)
        prompt = script(("execute_plan", {"plan_id": "p"}))
        threads = [drive(runtime, runtime.run_specialist("executor", prompt, f"t{n}")) for n in range(5)]
        await asyncio.gather(*threads)
    assert len(done) == 3, "each call once"


async def test_a_plan_is_only_proposed_if_whoever_approves_it_can_be_shown_all_of_it() -> None:
    async with runtime_of() as runtime, asyncio.timeout(SAFE):
        many = [{"tool": "price", "arguments": {"sku": "s" * 200, "price": number}} for number in range(60)]
        assert "propose smaller ones" in told_of(await propose(runtime, many))
        feigned = {"plan_id": "p", "title": "x\n2. price {}", "steps": STEPS[:1]}
        await drain(runtime.run_specialist("planner", script(("propose_plan", feigned)), "t"))
        events = await execute(runtime)
    preview = next(event for event in events if event["type"] == "approval_required")["tool_metadata"]["preview"]
    assert len(preview.splitlines()) == 3, "a title feigns no step"


async def test_a_secret_of_a_step_is_in_no_event_and_no_record(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "ledger")
    async with runtime_of(spec_of(agents=TOUCHY), ledger=ledger) as runtime, asyncio.timeout(SAFE):
        events = [*await propose(runtime, steps_of("hunter2", "fail")), *await execute(runtime)]
        assert json.dumps(await got(runtime)).count("hunter2") == 0
    told = [event for event in events if event["type"] != "agent_start"]  # the prompt itself is a script with it
    assert "hunter2" not in json.dumps(told)
    assert "hunter2" not in json.dumps(list(read_records(tmp_path / "ledger")))


@define_tool(name="taken", description="Somebody else takes the plan over.", input_schema={"n": int})
async def taken(args: dict[str, Any], ctx: ToolContext) -> str:
    ctx.services["done"].append(args["n"])
    storage = ctx.services["storage"]()
    for record in await storage.records(Scope(tenant="acme:v1", owner="python"), "plan"):
        await break_off(storage, record)
    return "done"


Taken = define_plan("taken", tools=[taken])


async def test_a_plan_that_was_taken_over_makes_no_further_call() -> None:
    agents = [define_planner("planner", prompt="x", plan=Taken), define_executor("executor", prompt="x", plan=Taken)]
    done: list[Any] = []
    services: dict[str, Any] = {"done": done, "storage": lambda: runtime.parts.ground.storage}
    runtime: Runtime = runtime_of(spec_of(agents=agents), services=services)
    async with runtime, asyncio.timeout(SAFE):
        await propose(runtime, [{"tool": "taken", "arguments": {"n": n}} for n in range(3)])
        said = told_of(await execute(runtime))
        plan = await got(runtime)
    assert (done, "taken over" in said) == ([0], True)
    assert (plan["status"], [step["status"] for step in plan["steps"]]) == ("failed", ["unknown", *["not_done"] * 2])


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("when", ["before", "after", "status"])
async def test_a_plan_whose_process_is_killed_says_what_happened_and_runs_nothing_twice(
    storage: StorageSpec, tmp_path: Path, when: str, at: int
) -> None:
    if storage.kind == "memory":
        pytest.skip("memory ends with its process")
    if storage.kind == "postgresql" and at != 1:
        pytest.skip("the same code writes to both databases: one of three calls is enough")
    ran = tmp_path / "ran"

    dying = ["-m", "tests.agents.runtime.counting", storage.model_dump_json(), str(ran), when, str(at)]

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *dying]
        return subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=SAFE, check=False)

    killed = await asyncio.to_thread(run)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    made = ran.read_text().split() if ran.exists() else []
    async with counting(storage, ran) as runtime, asyncio.timeout(SAFE):
        plan, again = await got(runtime), results_of(await execute(runtime))
    statuses = [step["status"] for step in plan["steps"]]
    assert plan["status"] == "failed"
    unknown = statuses.count("unknown")
    assert statuses == ["ok"] * statuses.count("ok") + ["unknown"] * unknown + ["not_done"] * statuses.count("not_done")
    assert unknown <= 1
    assert statuses.count("ok") <= len(made) <= statuses.count("ok") + unknown, "what is said is what happened"
    assert "is failed" in again[0]
    after = ran.read_text().split() if ran.exists() else []
    assert (after, len(set(after))) == (made, len(after))
