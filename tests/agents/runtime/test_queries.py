"""A query is a stream of what happens, in a thread that lasts; whoever leaves it, or comes back, loses nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.agents.runtime.yard import SAFE, Event, drain, drive, results_of, runtime_of, script, spec_of, types_of
from tests.agents.storage.places import KINDS, place
from toolyard import (
    Agent,
    Runtime,
    StorageError,
    StorageSpec,
    ToolContext,
    UnknownName,
    define_specialist,
    define_tool,
    define_toolkit,
)
from toolyard.testing import FakeModel, NoLedger
from toolyard_agents.events import TERMINAL
from toolyard_agents.runtime.parts import Ground, RuntimeParts
from toolyard_agents.storage.memory import MemoryStorage
from toolyard_agents.storage.storage import Key, Scope
from toolyard_kernel.tools.opening import OpenToolkits

pytestmark = pytest.mark.anyio


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[StorageSpec]:
    with place(request.param, tmp_path) as found:
        yield found


async def test_a_query_goes_to_the_coordinator_which_reaches_its_routes(storage: StorageSpec) -> None:
    done: list[Any] = []
    async with runtime_of(spec_of(storage), done) as runtime:
        inner = script(("note", {"word": "hi"}))
        events = await drain(runtime.query(script(("delegate", {"prompt": inner, "agent": "helper"}), "all done"), "t"))
    assert done == [("note", "hi")]
    assert {event["agent"] for event in events} == {"boss", "helper"}
    assert [kind for kind in types_of(events) if kind in TERMINAL] == ["turn_complete"], "one end, that of the query"
    assert (events[-1]["type"], events[-1]["content"]) == ("turn_complete", "all done")
    ended = next(event for event in events if event["type"] == "agent_end")
    assert (ended["agent"], ended["parent_run_id"]) == ("helper", events[0]["run_id"])
    assert [event["event_id"] for event in events] == list(range(1, len(events) + 1))
    assert all(json.loads(json.dumps(event)) == event for event in events)


async def test_without_a_coordinator_the_only_agent_answers_and_several_are_an_error() -> None:
    one = [define_specialist("one", prompt="x")]
    async with runtime_of(spec_of(agents=one)) as runtime:
        assert (await drain(runtime.query("echo", "t")))[-1]["content"] == "echo"
    async with runtime_of(spec_of(agents=[*one, define_specialist("two", prompt="x")])) as runtime:
        with pytest.raises(UnknownName, match="one, two"):
            runtime.query("echo", "t")
        with pytest.raises(UnknownName, match="nobody"):
            runtime.run_specialist("nobody", "echo", "t")


async def test_a_thread_is_a_conversation_that_outlives_its_runtime(storage: StorageSpec, tmp_path: Path) -> None:
    model = FakeModel()
    for text in ("one", "two", "three"):
        model.add_response(text)
    spec = spec_of(storage, agents=[define_specialist("a", prompt="You answer.")])
    first = runtime_of(spec, interpreter=model)
    await drain(first.query("first", "t"))
    await drain(first.query("other thread", "u"))
    await first.close()
    if storage.kind == "memory":
        return  # it ends with its process, and its runtime
    async with runtime_of(spec, interpreter=model) as second:
        await drain(second.query("second", "t"))
    said = [message.content for message in model.requests[-1].messages]
    assert said == ["You answer.", "first", "one", "second"]


async def test_prompts_of_one_thread_run_one_after_the_other_and_threads_beside_each_other(
    storage: StorageSpec,
) -> None:
    async with runtime_of(spec_of(storage)) as runtime:
        order: list[tuple[str, int]] = []

        async def run(thread: str, number: int) -> None:
            async for event in runtime.run_specialist("helper", f"{number}", thread):
                if event["type"] in ("agent_start", "turn_complete"):
                    order.append((thread, number))  # noqa: PERF401 - while others run

        async with asyncio.timeout(SAFE):
            await asyncio.gather(*(run(thread, number) for number in range(4) for thread in "ab"))
    for thread in "ab":
        mine = [number for name, number in order if name == thread]
        assert mine == [number for number in range(4) for _ in range(2)], "begin, end, begin, end, in order"


async def test_whoever_leaves_a_stream_cancels_the_run_and_its_tools() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    @define_tool(name="linger", description="Never end.", input_schema={})
    async def linger(args: dict[str, Any], ctx: ToolContext) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    spec = spec_of(agents=[define_specialist("a", prompt="x", tools=[linger])])
    async with runtime_of(spec) as runtime:
        async with asyncio.timeout(SAFE), aclosing(runtime.query(script(("linger", {})), "t")) as stream:
            async for event in stream:
                if event["type"] == "tool_start":
                    await begun.wait()
                    break
        assert ended.is_set()
        assert not runtime.parts.runs.under_way
        again = await drain(runtime.query("still here", "t"))
        assert again[-1]["content"] == "still here"


async def test_a_slow_reader_slows_the_run_and_misses_nothing() -> None:
    done: list[Any] = []
    async with runtime_of(done=done) as runtime:
        calls = [("note", {"word": str(number)}) for number in range(5)]
        events: list[Event] = []
        async with asyncio.timeout(SAFE):
            async for event in runtime.run_specialist("helper", script(*calls), "t"):
                events.append(event)
                ahead = len(done)
                for _ in range(20):
                    await asyncio.sleep(0)
                assert len(done) <= ahead + 1, "the run waits for its reader"
    assert [event["event_id"] for event in events] == list(range(1, len(events) + 1))
    assert len(done) == 5


async def test_a_reader_who_comes_back_reads_on_and_no_call_is_made_twice(storage: StorageSpec) -> None:
    done: list[Any] = []
    prompt = script(("note", {"word": "one"}), ("note", {"word": "two"}), "the end")
    async with runtime_of(spec_of(storage), done) as runtime:
        seen: list[Event] = []
        async with aclosing(runtime.run_specialist("helper", prompt, "t")) as stream:
            async for event in stream:
                seen.append(event)
                if event["type"] == "tool_end":
                    break
        last = seen[-1]["event_id"]
        rest = await drain(runtime.run_specialist("helper", prompt, "t", resume=last))
        assert [event["event_id"] for event in rest] == list(range(last + 1, last + 1 + len(rest)))
        assert rest[0]["type"] in ("cancelled", "step_start"), "what it missed comes first"
        assert rest[-1]["type"] == "turn_complete"
        assert done == [("note", "one"), ("note", "two")]
        told = await drain(runtime.run_specialist("helper", prompt, "t", resume=last))
        assert told == rest, "a run that is complete is only told again"
        assert await drain(runtime.run_specialist("helper", prompt, "t", resume=rest[-1]["event_id"])) == []
        with pytest.raises(ValueError, match="resume=9999"):
            await drain(runtime.run_specialist("helper", prompt, "t", resume=9999))
    assert done == [("note", "one"), ("note", "two")]


async def test_a_first_attempt_that_never_began_is_made_when_its_reader_comes_back() -> None:
    async with runtime_of() as runtime:
        assert types_of(await drain(runtime.query("hello", "t", resume=0)))[-1] == "turn_complete"


async def test_closing_a_runtime_ends_what_runs() -> None:
    runtime = runtime_of()
    events: list[Event] = []

    async def read() -> None:
        async for event in runtime.run_specialist("helper", script(("delete", {"sku": "1"})), "t"):
            events.append(event)
            asked.set()

    asked = asyncio.Event()
    reading = asyncio.create_task(read())
    async with asyncio.timeout(SAFE):
        while not await runtime.pending_approvals():
            asked.clear()
            await asked.wait()
        await runtime.close()
        await reading
    assert types_of(events)[-1] == "cancelled"
    assert await runtime.pending_approvals() == [], "nobody waits for that answer any more"


async def test_an_agent_of_a_runtime_may_do_no_more_than_its_profile_says() -> None:
    agents = [define_specialist("a", prompt="x", tools=spec_of().agents[3].tools, profile="developer-bash-only")]
    done: list[Any] = []
    async with runtime_of(spec_of(agents=agents), done) as runtime:
        events = await drive(runtime, runtime.query(script(("note", {"word": "x"})), "t"))
    assert "no tool" in results_of(events)[0] or "allows only" in results_of(events)[0]
    assert done == []


class Failing(MemoryStorage):
    """Fails from its n-th change on."""

    left = 10**9

    async def append(self, key: Key, lines: Sequence[str], *, after: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise StorageError("the disk is full")
        await super().append(key, lines, after=after)


@pytest.mark.parametrize("number", range(14))
async def test_a_stream_whose_events_cannot_be_kept_ends_with_an_event_and_says_why(number: int) -> None:
    done: list[Any] = []
    storage = Failing()
    storage.left = number
    ground = Ground.of("acme:v1", storage, services={"done": done}, ledger=NoLedger())
    runtime = Runtime(parts=RuntimeParts.of(ground, {}, {}, OpenToolkits((), lambda toolkit: None)))
    runtime.register_agent(Agent(name="a", model="scripted", tools=spec_of().agents[3].tools))
    events: list[Event] = []

    async def read() -> None:
        async for event in runtime.query(script(("note", {"word": "x"}), "y"), "t"):
            events.append(event)  # noqa: PERF401 - until it fails

    with pytest.raises(StorageError, match="disk is full"):
        await read()
    assert events[-1]["type"] in TERMINAL
    storage.left = 10**9
    again = await drain(runtime.query("after that", "t"))
    assert again[-1]["content"] == "after that"
    assert len(done) <= 1


async def test_a_reader_who_comes_back_is_told_an_end_that_was_never_told() -> None:
    async with runtime_of() as runtime:
        await drain(runtime.run_specialist("helper", "hello", "t"))
        storage = runtime.parts.ground.storage
        key = Key(scope=Scope(tenant="acme:v1", owner="python"), kind="event", id="t")
        *kept, last = await storage.lines(key)
        await storage.delete(key)
        await storage.append(key, kept, after=0)  # as if the process had been killed just before
        (end,) = await drain(runtime.run_specialist("helper", "hello", "t", resume=len(kept)))
        assert (end["type"], end["content"], end["event_id"]) == ("turn_complete", "hello", len(kept) + 1)
        assert json.loads(last)["type"] == "turn_complete"
        assert await drain(runtime.run_specialist("helper", "hello", "t", resume=len(kept) + 1)) == []


async def test_the_prompt_is_kept_with_the_first_event_of_its_run() -> None:
    async with runtime_of() as runtime, aclosing(runtime.run_specialist("helper", "remember me", "t")) as stream:
        assert (await anext(stream))["type"] == "agent_start"
        key = Key(scope=Scope(tenant="acme:v1", owner="python"), kind="thread", id='["helper", "t"]')
        assert "remember me" in str(await runtime.parts.ground.storage.lines(key))


async def test_whoever_leaves_while_the_thread_is_busy_waits_for_nobody() -> None:
    async with (
        runtime_of() as runtime,
        aclosing(runtime.run_specialist("helper", script(("delete", {"sku": "1"})), "t")) as first,
    ):
        assert (await anext(first))["type"] == "agent_start"
        async with asyncio.timeout(2):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await drain(runtime.run_specialist("helper", "x", "t"))


async def test_closing_a_runtime_cancels_all_of_its_runs_at_once() -> None:
    runtime = runtime_of()
    streams = [runtime.run_specialist("helper", script(("delete", {"sku": "1"})), f"t{n}") for n in range(6)]
    waiting = runtime.run_specialist("helper", "queued", "t0")
    async with asyncio.timeout(SAFE):
        for stream in streams:
            await anext(stream)
        readers = [asyncio.create_task(drain(stream)) for stream in (*streams, waiting)]
        for _ in range(50):  # until each of them waits
            await asyncio.sleep(0)
        await runtime.close()
        ends = [(await reader)[-1]["type"] for reader in readers]
    assert ends == ["cancelled"] * 7


def test_a_storage_that_an_agents_files_would_hold_is_refused(tmp_path: Path) -> None:
    files = define_toolkit("files", settings={"root": str(tmp_path)})
    agents = [define_specialist("a", prompt="x", toolkits=[files])]
    with pytest.raises(ValueError, match="below the root of the toolkit 'files'"):
        runtime_of(spec_of(f"sqlite:{tmp_path}/sub/shop.db", agents=agents))
